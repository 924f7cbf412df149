"""One module for each verb: its flags, what it asks the server, what it prints."""
