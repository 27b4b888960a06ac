"""What flyctl itself refuses (internal/appconfig/validation.go)."""
