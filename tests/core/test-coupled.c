void suite_coupled(void);
void suite_coupled(void) {}
