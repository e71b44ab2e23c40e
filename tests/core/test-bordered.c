void suite_bordered(void);
void suite_bordered(void) {}
