"""An example of each rule: requests to the mock that break this rule and no other."""
