"""Places orders: a durable saga over catalog, inventory, wallet and shipping."""
