"""What somebody with bad intentions would try. Bounded in count and time, on loopback."""
