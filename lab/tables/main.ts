import { createRequire } from "node:module";

/** Azurite's table service in a process that does not outlive the lab that started it. */
process.on("disconnect", () => process.exit(0));
createRequire(import.meta.url)("azurite/dist/src/table/main.js");
