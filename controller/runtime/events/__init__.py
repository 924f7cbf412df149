"""What is told to users as Events: a correlator that decides, a recorder that writes."""
