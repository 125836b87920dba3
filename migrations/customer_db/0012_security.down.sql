SELECT ev.open_tables();
