/** How a text becomes words before they are cut into pieces: the steps of BERT's own tokenizer, each to be switched. */

/**
 * How a text is split for a `vocab.txt`. `spaces`: lower case and white space. `bert`: also at punctuation and Chinese
 * characters, without accents and control characters, as uncased BERT models expect it.
 */
export type TextSplit = "spaces" | "bert";

export interface TextRules {
  /** Control characters go, but for tabs and ends of lines. */
  readonly clean: boolean;
  /** Every Chinese character is a word. */
  readonly chinese: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
  /** Every punctuation mark is a word. */
  readonly punctuation: boolean;
}

const NOTHING = { clean: false, chinese: false, stripAccents: false, lowercase: false, punctuation: false };

/** Splits at white space and changes nothing. */
export const WHITE_SPACE: TextRules = NOTHING;

export const TEXT_RULES: Readonly<Record<TextSplit, TextRules>> = {
  spaces: { ...NOTHING, lowercase: true },
  bert: { clean: true, chinese: true, stripAccents: true, lowercase: true, punctuation: true },
};

const CONTROL = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\ufffd]/gu;
/** The blocks of unified and compatibility ideographs; what else is written in Han script stays in its word. */
const CHINESE =
  /[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
/** Unicode's punctuation, and what else ASCII has that is neither letter nor digit. */
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;

/** The text with the changes that the rules ask for; words are not apart yet. */
export function normalizeText(text: string, rules: TextRules): string {
  let result = text;
  if (rules.clean) result = result.replace(CONTROL, "");
  if (rules.chinese) result = result.replace(CHINESE, " $& ");
  if (rules.stripAccents) result = result.normalize("NFD").replace(/\p{Mn}/gu, "");
  return rules.lowercase ? result.toLowerCase() : result;
}

/** The words of a text that is normalised. */
export function splitWords(text: string, { punctuation }: TextRules): string[] {
  const apart = punctuation ? text.replace(PUNCTUATION, " $& ") : text;
  return apart.split(/\p{White_Space}+/u).filter((word) => word !== "");
}
