/** Problems with run folders. */
import { UserError } from "../diagnostics/problems.ts";

const TITLES = {
  "not-a-run": "This is not a run folder",
  "export-nothing": "Nothing to export",
  "run-exists": "Folder is already there",
  "run-locked": "Run is in use",
  "run-version": "Run of another version",
  "other-comparison": "Folder of another comparison",
  "run-unreadable": "Run folder cannot be used",
} as const;

/** A {@link UserError} about a run folder. */
export function runError(code: keyof typeof TITLES, folder: string, text: string, hint?: string): UserError {
  const title = TITLES[code];
  const place = { file: folder };
  const more = hint === undefined ? {} : { hint };
  return new UserError([
    { code, severity: "error", title, primary: null, related: [], place, text, ...more },
  ]);
}
