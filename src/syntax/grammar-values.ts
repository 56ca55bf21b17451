/**
 * Grammar of values, types and signatures. Values are read as a flat run of operands and operators, since precedence is
 * simpler (and the stack shallower) when applied afterwards, in `build-expression.ts`.
 */
import { CstParser, type IParserErrorMessageProvider, type IToken, type TokenType } from "chevrotain";
import * as t from "./tokens.ts";

const { word, reserved } = t;

/** The parser's own messages only name the token that was expected; `explain.ts` chooses the words. */
const messageKeys: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => expected.name,
  buildNotAllInputParsedMessage: () => "",
  buildNoViableAltMessage: () => "",
  buildEarlyExitMessage: () => "",
};

export class ValueGrammar extends CstParser {
  /** `validate`: look for rules that contradict each other, which takes as long as all the rest; a test does. */
  constructor(validate: boolean) {
    super(t.vocabulary, {
      skipValidations: !validate,
      recoveryEnabled: false,
      maxLookahead: 3,
      nodeLocationTracking: "onlyOffset",
      errorMessageProvider: messageKeys,
    });
  }

  // Values

  expression = this.RULE("expression", () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.BinaryOperator);
      this.SUBRULE2(this.operand);
    });
  });

  protected operand = this.RULE("operand", () => {
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.Minus, { LABEL: "prefix" }) },
        { ALT: () => this.CONSUME(reserved.not, { LABEL: "prefix" }) },
      ]);
    });
    this.SUBRULE(this.primary);
    this.MANY2(() => this.SUBRULE(this.postfix));
  });

  protected postfix = this.RULE("postfix", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.arguments_) },
      {
        ALT: () => {
          this.CONSUME(t.Dot);
          this.CONSUME(t.Name);
        },
      },
    ]);
  });

  protected primary = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.NumberLiteral) },
      { ALT: () => this.CONSUME(reserved.true) },
      { ALT: () => this.CONSUME(reserved.false) },
      { ALT: () => this.CONSUME(t.Name) },
      { ALT: () => this.SUBRULE(this.grouping) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.choice) },
    ]);
  });

  protected grouping = this.RULE("grouping", () => {
    this.CONSUME(t.LParen);
    this.SUBRULE(this.expression);
    this.CONSUME(t.RParen);
  });

  protected list = this.RULE("list", () => {
    this.CONSUME(t.LBracket);
    this.OPTION(() => {
      this.SUBRULE(this.expression);
      this.OR([
        { ALT: () => this.SUBRULE(this.comprehension) },
        {
          ALT: () => {
            this.MANY(() => {
              this.CONSUME(t.Comma);
              this.SUBRULE2(this.expression);
            });
            this.OPTION2(() => this.CONSUME2(t.Comma));
          },
        },
      ]);
    });
    this.CONSUME(t.RBracket);
  });

  protected choice = this.RULE("choice", () => {
    this.CONSUME(reserved.if);
    this.SUBRULE(this.expression);
    this.CONSUME(reserved.then);
    this.SUBRULE2(this.expression);
    this.CONSUME(reserved.else);
    this.SUBRULE3(this.expression);
  });

  protected arguments_ = this.RULE("arguments", () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.callArgument);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.SUBRULE2(this.callArgument);
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RParen);
  });

  protected callArgument = this.RULE("callArgument", () => {
    this.OPTION(() => {
      this.CONSUME(t.Name);
      this.CONSUME(t.Equals);
    });
    this.SUBRULE(this.expression);
    this.OPTION2(() => this.SUBRULE(this.comprehension));
  });

  /** `for a, b in pairs(…)`, behind the value that it repeats. */
  protected comprehension = this.RULE("comprehension", () => {
    this.CONSUME(reserved.for);
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.CONSUME2(t.Name);
    });
    this.CONSUME(reserved.in);
    this.SUBRULE(this.expression);
  });

  /** Alternatives of one token each. */
  protected oneOf(types: readonly TokenType[]): { ALT: () => IToken }[] {
    return types.map((type, index) => ({ ALT: () => this.consume(index, type) }));
  }

  // Signatures and types

  protected parameters = this.RULE("parameters", () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.parameter);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.SUBRULE2(this.parameter);
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RParen);
  });

  protected parameter = this.RULE("parameter", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.staticType);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression);
    });
  });

  protected signature = this.RULE("signature", () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.argument);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.SUBRULE2(this.argument);
      });
      this.OPTION2(() => this.CONSUME2(t.Comma));
    });
    this.CONSUME(t.RParen);
    this.OPTION3(() => {
      this.CONSUME(t.Arrow);
      this.SUBRULE(this.resultType);
    });
  });

  protected argument = this.RULE("argument", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.OR([{ ALT: () => this.SUBRULE(this.tensorType) }, { ALT: () => this.SUBRULE(this.staticType) }]);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression);
    });
  });

  protected resultType = this.RULE("resultType", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.tensorType) }, { ALT: () => this.SUBRULE(this.recordType) }]);
  });

  protected recordType = this.RULE("recordType", () => {
    this.CONSUME(t.LParen);
    this.SUBRULE(this.field);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.field);
    });
    this.OPTION(() => this.CONSUME2(t.Comma));
    this.CONSUME(t.RParen);
  });

  protected field = this.RULE("field", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.tensorType);
  });

  protected staticType = this.RULE("staticType", () => {
    this.OR(this.oneOf([word.size, word.number, word.flag, t.Identifier]));
  });

  protected tensorType = this.RULE("tensorType", () => {
    this.OR(this.oneOf([word.f32, word.ids, word.class, word.bool]));
    this.OPTION(() => this.SUBRULE(this.axes));
    this.OPTION2(() => {
      this.CONSUME(t.Less);
      this.SUBRULE(this.expression);
    });
  });

  protected axes = this.RULE("axes", () => {
    this.CONSUME(t.LBracket);
    this.SUBRULE(this.axis);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.axis);
    });
    this.OPTION(() => this.CONSUME2(t.Comma));
    this.CONSUME(t.RBracket);
  });

  protected axis = this.RULE("axis", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.DotDot) },
      {
        ALT: () => {
          this.SUBRULE(this.expression);
          this.OPTION(() => this.CONSUME(t.Tilde));
        },
      },
    ]);
  });

  /** Between the members of a variant, a training or a phase. */
  protected separator = this.RULE("separator", () => {
    this.OR(this.oneOf([t.Comma, t.LineBreak]));
  });
}
