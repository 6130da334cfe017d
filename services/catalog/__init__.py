"""Products and their prices; read by everybody, changed by a migration."""
