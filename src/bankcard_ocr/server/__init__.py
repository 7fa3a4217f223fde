"""The service on sockets: HTTP in and out."""
