/**
 * The words and signs of the language. Nearly every keyword is contextual: its token type belongs to the category
 * `Name`, so the grammar may take it as a name wherever that is not ambiguous (`min(…)`, an axis called `size`).
 * Mistakes of the lexical kind are tokens too (`BadNumber`, `UnknownText`, …), so that the lexer itself never fails.
 */
import { createToken, type IToken, Lexer, type TokenType, tokenMatcher } from "chevrotain";
import { invariant } from "../base/invariant.ts";

/** Category: whatever can be a name. */
export const Name = createToken({ name: "Name", pattern: Lexer.NA });
/** Category: operators between two values. After one of them a statement goes on in the next line. */
export const BinaryOperator = createToken({ name: "BinaryOperator", pattern: Lexer.NA });

export const Identifier = createToken({ name: "Identifier", pattern: /[A-Za-z_]\w*/, categories: [Name] });

function keywords<const Word extends string>(
  words: readonly Word[],
  categories: TokenType[],
): Record<Word, TokenType> {
  const entries = words.map((word) => {
    const type = createToken({ name: word, pattern: word, longer_alt: Identifier, categories });
    return [word, type] as const;
  });
  return Object.fromEntries(entries) as Record<Word, TokenType>;
}

/** Words with a meaning in certain places only. */
export const word = keywords(
  [
    ...(["import", "interface", "function", "module", "model", "train", "weights"] as const),
    ...(["implements", "size", "number", "flag", "f32", "ids", "class", "bool"] as const),
    ...(["input", "label", "slot", "loss", "output", "predicts", "with", "state", "update"] as const),
    ...(["batch", "labelled", "unlabelled", "epochs", "select", "min", "max", "patience", "report"] as const),
    ...([
      "phase",
      "minimize",
      "maximize",
      "updates",
      "except",
      "group",
      "repeat",
      "schedule",
      "clip",
    ] as const),
    ...(["norm", "value"] as const),
    ...(["load", "as", "into", "vectors", "of", "config", "prefix"] as const),
  ],
  [Name],
);

/** Words that can never be names. */
export const reserved = keywords(
  ["if", "then", "else", "for", "in", "not", "true", "false", "param", "return"],
  [],
);
export const connective = keywords(["and", "or"], [BinaryOperator]);

const sign = (name: string, pattern: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern, categories });

export const Arrow = sign("Arrow", "->");
export const DotDot = sign("DotDot", "..", [BinaryOperator]);
const EqualEqual = sign("EqualEqual", "==", [BinaryOperator]);
const NotEqual = sign("NotEqual", "!=", [BinaryOperator]);
const LessEqual = sign("LessEqual", "<=", [BinaryOperator]);
const GreaterEqual = sign("GreaterEqual", ">=", [BinaryOperator]);
export const Less = sign("Less", "<", [BinaryOperator]);
const Greater = sign("Greater", ">", [BinaryOperator]);
export const Plus = sign("Plus", "+", [BinaryOperator]);
export const Minus = sign("Minus", "-", [BinaryOperator]);
const Star = sign("Star", "*", [BinaryOperator]);
const Slash = sign("Slash", "/", [BinaryOperator]);
export const Caret = sign("Caret", "^", [BinaryOperator]);
export const Equals = sign("Equals", "=");
export const Colon = sign("Colon", ":");
export const Comma = sign("Comma", ",");
export const Dot = sign("Dot", ".");
export const Tilde = sign("Tilde", "~");
export const LParen = sign("LParen", "(");
export const RParen = sign("RParen", ")");
export const LBracket = sign("LBracket", "[");
export const RBracket = sign("RBracket", "]");
export const LBrace = sign("LBrace", "{");
export const RBrace = sign("RBrace", "}");

export const NumberLiteral = createToken({
  name: "NumberLiteral",
  pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w|\.(?!\.))/,
});
/** Digits that do not form a number: `1_000`, `1.`, `0x1f`, `64d`. */
export const BadNumber = createToken({ name: "BadNumber", pattern: /\d(?:[eE][+-]\d|\w|\.(?!\.))*/ });
/** `.5`: the second part of a parameter path (`h.1`), and nowhere else right. */
export const DotNumber = createToken({ name: "DotNumber", pattern: /\.\d+/ });
export const QuotedText = createToken({ name: "QuotedText", pattern: /"[^"\n]*"/, line_breaks: false });
export const UnclosedText = createToken({ name: "UnclosedText", pattern: /"[^"\n]*/, line_breaks: false });
/** Signs of other languages, known so that the message can name ours. */
export const ForeignSign = createToken({
  name: "ForeignSign",
  pattern: /\/\*|\*\*|=>|:=|[-+*/]=(?!=)|&&?|\|\|?/,
});
/** Characters that begin nothing in this language; a run of foreign letters is one token. */
export const UnknownText = createToken({
  name: "UnknownText",
  pattern: /[^\s\x20-\x7e]+|[^\s]/,
  line_breaks: false,
});

export const LineBreak = createToken({ name: "LineBreak", pattern: "\n", line_breaks: true });
const Blank = createToken({ name: "Blank", pattern: /[^\S\n]+/, group: Lexer.SKIPPED, line_breaks: false });
export const DocComment = createToken({
  name: "DocComment",
  pattern: /\/\/\/(?!\/)[^\n]*/,
  line_breaks: false,
});
export const Comment = createToken({ name: "Comment", pattern: /\/\/[^\n]*/, line_breaks: false });

/** Everything the parser can meet, for the grammar's vocabulary. */
export const vocabulary: TokenType[] = [
  ...[LineBreak, Blank, DocComment, Comment, ForeignSign],
  ...[Arrow, NumberLiteral, BadNumber, DotDot, DotNumber],
  ...[EqualEqual, NotEqual, LessEqual, GreaterEqual, Less, Greater, Plus, Minus, Star],
  ...[Slash, Caret, Equals, Colon, Comma, Dot, Tilde],
  ...[LParen, RParen, LBracket, RBracket, LBrace, RBrace],
  // Longer words first: the lexer takes the first that matches, and `minimize` also starts with `min`.
  ...[word, reserved, connective]
    .flatMap(Object.values<TokenType>)
    .sort((a, b) => b.name.length - a.name.length),
  ...[Identifier, QuotedText, UnclosedText, UnknownText, Name, BinaryOperator],
];

let lexer: Lexer | null = null;

/** Takes the vocabulary apart. `validate`: look for patterns that can never match; a test does. */
export function makeLexer(validate: boolean): Lexer {
  return new Lexer(vocabulary, { positionTracking: "full", skipValidations: !validate });
}

/** All tokens of a text, comments and line breaks among them, in order. Every character is in a token or blank. */
export function scan(text: string): IToken[] {
  lexer ??= makeLexer(false);
  const { tokens, errors } = lexer.tokenize(text);
  invariant(errors.length === 0, "the lexer has a token for every character");
  return tokens;
}

/** Offset behind the last character of a token. */
export function endOf(token: IToken): number {
  return token.startOffset + token.image.length;
}

/** Whether a token is of the type or the category. */
export function is(token: IToken | undefined, type: TokenType): boolean {
  return token !== undefined && tokenMatcher(token, type);
}
