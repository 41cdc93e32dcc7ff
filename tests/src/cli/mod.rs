//! The program `lab`: one file per subcommand.
