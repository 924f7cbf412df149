"""The manager program (`cmd`) and the runtime it is made of (`runtime`)."""
