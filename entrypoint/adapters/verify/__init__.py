"""The one request that Flightplan sends to the app itself."""
