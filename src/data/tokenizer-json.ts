/**
 * Hugging Face's `tokenizer.json`: a vocabulary and how texts become tokens of it. Read are the tokenizers of BERT and its kin: word pieces over
 * words that BERT's own rules, or white space, part. Whatever else the format can say is refused by its field, as token numbers would be wrong;
 * `truncation`, `padding` and `decoder` are passed over, as the import itself says how long texts may be and a dataset keeps their lengths.
 */
import { isObject, JsonObject, readJson } from "./json-shape.ts";
import { DataProblems, listNames } from "./problem.ts";
import { normalizeText, splitWords, TEXT_RULES, type TextRules, WHITE_SPACE } from "./text-split.ts";

const ELSE =
  "Tokenize the texts with the program that the file is for and import the numbers as a field of kind `tokens`, or give the `vocab.txt` of a BERT model.";

/** What a tokenizer of word pieces goes by. */
export interface PieceRules {
  readonly tokens: readonly string[];
  readonly unknown: string;
  /** What stands before a piece that goes on with a word. */
  readonly prefix: string;
  /** A word of more characters is one unknown word. */
  readonly longestWord: number;
  /** The words of a text; `whole`: it is a token and not cut. */
  split(text: string): readonly { readonly word: string; readonly whole: boolean }[];
  /** Tokens before and behind every text. */
  readonly before: readonly string[];
  readonly behind: readonly string[];
}

/** A token that is found in texts before they are cut. */
interface AddedToken {
  readonly content: string;
  /** Looked for in the normalised text, and not in the text as it is. */
  readonly normalized: boolean;
  /** Only where no letter or digit touches it. */
  readonly singleWord: boolean;
}

/** The tokens by id, those added to the vocabulary included. Throws a UserError for numbers with gaps. */
export function readTokenizerVocabulary(path: string): string[] {
  const { root, problems } = open(path);
  const tokens = tokensOf(path, root, problems);
  problems.throwIfAny();
  return tokens;
}

/** Reads the tokenizer. Throws one UserError with every field that is wrong or not supported. */
export function readTokenizerJson(path: string): PieceRules {
  const { root, problems } = open(path);
  const refuse = refusal(path, problems);
  const model = root.object("model");
  const kind = model.has("type") ? model.text("type") : untaggedKind(model);
  if (kind !== null && kind !== "WordPiece") {
    refuse(["model.type"], `This is a \`${kind}\` tokenizer; only \`WordPiece\` is read.`);
    problems.throwIfAny();
  }
  const tokens = tokensOf(path, root, problems);
  const known = new Set(tokens);
  const unknown = model.text("unk_token") ?? "[UNK]";
  if (!known.has(unknown)) model.problem("unk_token", `The vocabulary has no \`${unknown}\`.`);
  const prefix = model.anyText("continuing_subword_prefix") ?? "##";
  const longestWord = model.whole("max_input_chars_per_word", 1) ?? 100;
  const rules = textRules(root, refuse);
  const marks = marksOf(root, known, refuse);
  const added = root.objects("added_tokens").map(
    (token): AddedToken => ({
      // What is no text has been reported with the vocabulary.
      content: String(token.raw("content")),
      normalized: token.flag("normalized") ?? false,
      singleWord: token.flag("single_word") ?? false,
    }),
  );
  problems.throwIfAny();
  return { tokens, unknown, prefix, longestWord, split: splitter(added, rules), ...marks };
}

/** The kind of model in files that are older than its name in them. */
function untaggedKind(model: JsonObject): string | null {
  if (!model.has("vocab")) return null;
  if (model.has("merges")) return "BPE";
  if (Array.isArray(model.raw("vocab"))) return "Unigram";
  return model.has("continuing_subword_prefix") ? "WordPiece" : "WordLevel";
}

function open(path: string): { readonly root: JsonObject; readonly problems: DataProblems } {
  const problems = new DataProblems();
  return { root: new JsonObject(path, [], readJson(path), problems, "data-format"), problems };
}

type Refuse = (within: readonly string[], text: string) => void;

function refusal(path: string, problems: DataProblems): Refuse {
  return (within, text) => problems.add("data-tokenizer", { file: path, within }, text, ELSE);
}

function tokensOf(path: string, root: JsonObject, problems: DataProblems): string[] {
  const model = root.object("model");
  const vocabulary = model.raw("vocab");
  if (!isObject(vocabulary)) {
    model.problem("vocab", "This must map words to their numbers.");
    return [];
  }
  const entries = Object.entries(vocabulary).map(([token, id]) => ({ token, id, within: "model.vocab" }));
  for (const token of root.objects("added_tokens")) {
    token.required("content");
    const content = token.text("content");
    const id = token.whole("id", 0);
    // Most added tokens are in the vocabulary already.
    if (content === null || (Object.hasOwn(vocabulary, content) && vocabulary[content] === id)) continue;
    entries.push({ token: content, id, within: "added_tokens" });
  }
  const tokens = new Array<string | undefined>(entries.length);
  const numbers = new Map<string, unknown>();
  for (const { token, id, within } of entries) {
    const wrong = (text: string) =>
      problems.add("data-format", { file: path, within: [within, `"${token}"`] }, text);
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0 || id >= entries.length)
      wrong("The words are numbered from 0 on without gaps.");
    else if (tokens[id] !== undefined) wrong(`The number ${id} belongs to \`${tokens[id]}\` already.`);
    else if (numbers.has(token)) wrong(`The word has the number ${numbers.get(token)} already.`);
    else tokens[id] = token;
    numbers.set(token, id);
  }
  return tokens.map((token) => token ?? "");
}

/** What `normalizer` and `pre_tokenizer` do to a text. */
function textRules(root: JsonObject, refuse: Refuse): TextRules {
  const normal = kindOf(root, "normalizer", ["BertNormalizer"], true, refuse);
  const parted = kindOf(root, "pre_tokenizer", ["BertPreTokenizer", "WhitespaceSplit"], false, refuse);
  const punctuation = parted === "BertPreTokenizer";
  if (normal === null) return { ...WHITE_SPACE, punctuation };
  const settings = root.object("normalizer");
  const bert = TEXT_RULES.bert;
  const lowercase = settings.flag("lowercase") ?? bert.lowercase;
  return {
    clean: settings.flag("clean_text") ?? bert.clean,
    chinese: settings.flag("handle_chinese_chars") ?? bert.chinese,
    // Without a word on accents they go where capitals go.
    stripAccents:
      settings.raw("strip_accents") === null ? lowercase : (settings.flag("strip_accents") ?? lowercase),
    lowercase,
    punctuation,
  };
}

/** The type of a part of the tokenizer; null where there is none, and after a refusal. */
function kindOf(
  root: JsonObject,
  field: string,
  known: readonly string[],
  mayBeMissing: boolean,
  refuse: Refuse,
): string | null {
  const value = root.raw(field) ?? null;
  const read = `Read ${known.length === 1 ? "is" : "are"} ${listNames(known)}.`;
  if (value === null) {
    if (!mayBeMissing) refuse([field], `Nothing parts the words of a text here. ${read}`);
    return null;
  }
  const kind = root.object(field).text("type");
  if (kind !== null && known.includes(kind)) return kind;
  refuse([`${field}.type`], `\`${kind ?? "nothing"}\` is not known here. ${read}`);
  return null;
}

/** The tokens that `post_processor` puts before and behind a text. */
function marksOf(
  root: JsonObject,
  known: ReadonlySet<string>,
  refuse: Refuse,
): Pick<PieceRules, "before" | "behind"> {
  const none = { before: [], behind: [] };
  const kind = kindOf(root, "post_processor", ["TemplateProcessing", "BertProcessing"], true, refuse);
  if (kind === null) return none;
  const processor = root.object("post_processor");
  const given = kind === "BertProcessing" ? bertMarks(processor) : templateMarks(processor);
  const field = kind === "BertProcessing" ? "post_processor" : "post_processor.single";
  if (given === null) {
    refuse([field], "Read are special tokens around one sequence.");
    return none;
  }
  for (const token of [...given.before, ...given.behind])
    if (!known.has(token)) processor.problem(null, `The vocabulary has no \`${token}\`.`);
  return given;
}

function bertMarks(processor: JsonObject): Pick<PieceRules, "before" | "behind"> | null {
  const token = (value: unknown) => (Array.isArray(value) && typeof value[0] === "string" ? value[0] : null);
  const [first, last] = [token(processor.raw("cls")), token(processor.raw("sep"))];
  return first === null || last === null ? null : { before: [first], behind: [last] };
}

function templateMarks(processor: JsonObject): Pick<PieceRules, "before" | "behind"> | null {
  const marks: { before: string[]; behind: string[] } = { before: [], behind: [] };
  let sequences = 0;
  for (const part of processor.objects("single")) {
    if (part.has("Sequence")) sequences++;
    else {
      const token = part.object("SpecialToken").text("id");
      if (token === null) return null;
      (sequences === 0 ? marks.before : marks.behind).push(token);
    }
  }
  return sequences === 1 ? marks : null;
}

/** Added tokens are found first, in the text as it is or as normalised; what lies between them is split into words. */
function splitter(added: readonly AddedToken[], rules: TextRules): PieceRules["split"] {
  const plain = finder(added.filter(({ normalized }) => !normalized));
  const normalized = finder(
    added.filter(({ normalized }) => normalized),
    (content) => normalizeText(content, rules),
  );
  return (text) =>
    plain(text).flatMap((part) =>
      part.whole
        ? [part]
        : normalized(normalizeText(part.word, rules)).flatMap((inner) =>
            inner.whole ? [inner] : splitWords(inner.word, rules).map((word) => ({ word, whole: false })),
          ),
    );
}

/** Parts a text at the tokens; of those that begin at one place the longest is taken. */
function finder(
  tokens: readonly AddedToken[],
  form: (content: string) => string = (content) => content,
): (text: string) => { word: string; whole: boolean }[] {
  const contentOf = new Map(tokens.map(({ content }) => [form(content), content]));
  const patterns = tokens
    .map(({ content, singleWord }) => ({ text: form(content), singleWord }))
    .filter(({ text }) => text !== "")
    .sort((a, b) => b.text.length - a.text.length)
    .map(({ text, singleWord }) => {
      const literal = text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
      return singleWord ? `(?<![\\p{L}\\p{M}\\p{N}_])${literal}(?![\\p{L}\\p{M}\\p{N}_])` : literal;
    });
  if (patterns.length === 0) return (text) => [{ word: text, whole: false }];
  const pattern = new RegExp(`(${patterns.join("|")})`, "u");
  // With one group, split gives what lies between and what was found by turns.
  return (text) =>
    text.split(pattern).map((word, index) => ({
      word: index % 2 === 0 ? word : (contentOf.get(word) ?? word),
      whole: index % 2 === 1,
    }));
}
