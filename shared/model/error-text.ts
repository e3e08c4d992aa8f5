/** What something that was thrown says: anything can be thrown. */
export const errorText = (error: unknown) => (error instanceof Error ? error.message : String(error));
