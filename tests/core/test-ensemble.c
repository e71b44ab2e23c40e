void suite_ensemble(void);
void suite_ensemble(void) {}
