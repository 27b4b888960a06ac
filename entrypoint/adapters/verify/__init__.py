"""The request that Flightplan sends to the app (`[verify]`)."""
