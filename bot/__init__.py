"""The program: rules, services and the drivers behind them."""
