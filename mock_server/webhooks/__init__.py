"""What jobs tell without being asked."""
