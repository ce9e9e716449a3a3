mod in_isolate;
