// Stands in for a relay that somebody linked the sealing code into: the link check must notice.
int main() { return 0; }
