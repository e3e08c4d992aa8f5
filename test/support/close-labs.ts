import { afterAll } from "vitest";
import { opened } from "./opened-labs.ts";

/** A set-up file of vitest's: it is run for each test file anew, and what it imports is loaded once. */
afterAll(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});
