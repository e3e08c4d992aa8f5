/** What closes the labs that a test file has opened. Test files share a process, one after the other. */
export const opened: (() => Promise<void>)[] = [];
