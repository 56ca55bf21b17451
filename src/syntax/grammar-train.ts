/** Grammar of `train` declarations: phases, what they move, and how often. */
import type { IToken, TokenType } from "chevrotain";
import { ValueGrammar } from "./grammar-values.ts";
import * as t from "./tokens.ts";

const { word } = t;

export class TrainGrammar extends ValueGrammar {
  protected trainDeclaration = this.RULE("trainDeclaration", () => {
    this.CONSUME(word.train);
    this.CONSUME(t.Name);
    this.OPTION(() => this.CONSUME(word.with));
    this.SUBRULE(this.trainBlock);
  });

  trainBlock = this.RULE("trainBlock", () => {
    this.CONSUME(t.LBrace);
    this.OPTION(() => {
      this.SUBRULE(this.trainMember);
      this.MANY(() => {
        this.SUBRULE(this.separator);
        this.SUBRULE2(this.trainMember);
      });
      this.OPTION2(() => this.SUBRULE2(this.separator));
    });
    this.CONSUME(t.RBrace);
  });

  protected trainMember = this.RULE("trainMember", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.batchMember) },
      { ALT: () => this.SUBRULE(this.countMember) },
      { ALT: () => this.SUBRULE(this.selectMember) },
      { ALT: () => this.SUBRULE(this.reportMember) },
      { ALT: () => this.SUBRULE(this.loadMember) },
      { ALT: () => this.SUBRULE(this.phaseDeclaration) },
    ]);
  });

  protected batchMember = this.RULE("batchMember", () => {
    this.CONSUME(word.batch);
    this.SUBRULE(this.expression);
    this.OPTION(() => {
      this.CONSUME(word.labelled);
      this.OPTION2(() => {
        this.CONSUME(t.Plus);
        this.SUBRULE2(this.expression);
        this.CONSUME(word.unlabelled);
      });
    });
  });

  protected countMember = this.RULE("countMember", () => {
    this.OR(this.oneOf([word.epochs, word.patience]));
    this.SUBRULE(this.expression);
  });

  protected selectMember = this.RULE("selectMember", () => {
    this.CONSUME(word.select);
    this.OR(this.oneOf([word.min, word.max]));
    this.CONSUME(t.Name);
    this.CONSUME(t.Dot);
    this.CONSUME2(t.Name);
  });

  protected reportMember = this.RULE("reportMember", () => {
    this.CONSUME(word.report);
    this.CONSUME(t.Name);
    this.MANY({
      GATE: () => this.listGoesOn(),
      DEF: () => {
        this.CONSUME(t.Comma);
        this.CONSUME2(t.Name);
      },
    });
  });

  /** `load bert as HuggingfaceBert into z_l.bert, z_y.bert`, `load vectors of text into z_l.embed` */
  protected loadMember = this.RULE("loadMember", () => {
    this.CONSUME(word.load);
    this.OR([
      {
        GATE: () => t.is(this.LA(2), word.of),
        ALT: () => {
          this.CONSUME(word.vectors);
          this.CONSUME(word.of);
          this.CONSUME3(t.Name, { LABEL: "field" });
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Name, { LABEL: "source" });
          this.CONSUME(word.as);
          this.CONSUME2(t.Name, { LABEL: "weights" });
        },
      },
    ]);
    this.CONSUME(word.into);
    this.SUBRULE(this.paths, { LABEL: "into" });
  });

  /** Whether the comma ahead is followed by another name of the list, and not by the next member (`report mae, epochs 9`). */
  protected listGoesOn(): boolean {
    const after: IToken = this.LA(3);
    const starts: TokenType[] = [t.Name, t.NumberLiteral, t.LBrace];
    return (
      t.is(this.LA(2), t.Name) && (t.is(after, word.except) || !starts.some((type) => t.is(after, type)))
    );
  }

  protected phaseDeclaration = this.RULE("phaseDeclaration", () => {
    this.CONSUME(word.phase);
    this.CONSUME(t.Name);
    this.SUBRULE(this.phaseBlock);
  });

  phaseBlock = this.RULE("phaseBlock", () => {
    this.CONSUME(t.LBrace);
    this.OPTION(() => {
      this.SUBRULE(this.phaseMember);
      this.MANY(() => {
        this.SUBRULE(this.separator);
        this.SUBRULE2(this.phaseMember);
      });
      this.OPTION2(() => this.SUBRULE2(this.separator));
    });
    this.CONSUME(t.RBrace);
  });

  protected phaseMember = this.RULE("phaseMember", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.objectiveMember) },
      { ALT: () => this.SUBRULE(this.updatesMember) },
      { ALT: () => this.SUBRULE(this.callMember) },
      { ALT: () => this.SUBRULE(this.groupMember) },
      { ALT: () => this.SUBRULE(this.repeatMember) },
      { ALT: () => this.SUBRULE(this.clipMember) },
    ]);
  });

  protected objectiveMember = this.RULE("objectiveMember", () => {
    this.OR(this.oneOf([word.minimize, word.maximize]));
    this.SUBRULE(this.expression);
  });

  protected updatesMember = this.RULE("updatesMember", () => {
    this.CONSUME(word.updates);
    this.SUBRULE(this.selection);
  });

  /** `with Adam(…)`, `schedule cosine(…)` */
  protected callMember = this.RULE("callMember", () => {
    this.OR(this.oneOf([word.with, word.schedule]));
    this.CONSUME(t.Name);
    this.SUBRULE(this.arguments_);
  });

  protected groupMember = this.RULE("groupMember", () => {
    this.CONSUME(word.group);
    this.SUBRULE(this.selection);
    this.SUBRULE(this.arguments_);
  });

  protected repeatMember = this.RULE("repeatMember", () => {
    this.CONSUME(word.repeat);
    this.SUBRULE(this.expression);
  });

  protected clipMember = this.RULE("clipMember", () => {
    this.CONSUME(word.clip);
    this.OR(this.oneOf([word.norm, word.value]));
    this.SUBRULE(this.expression);
  });

  protected selection = this.RULE("selection", () => {
    this.SUBRULE(this.paths, { LABEL: "include" });
    this.OPTION(() => {
      this.CONSUME(word.except);
      this.SUBRULE2(this.paths, { LABEL: "without" });
    });
  });

  protected paths = this.RULE("paths", () => {
    this.SUBRULE(this.path);
    this.MANY({
      GATE: () => this.listGoesOn(),
      DEF: () => {
        this.CONSUME(t.Comma);
        this.SUBRULE2(this.path);
      },
    });
  });

  /** `joint.embedding`, `h.1.weight`, `estimators[z_y,z_l].mu` */
  protected path = this.RULE("path", () => {
    this.SUBRULE(this.pathPart);
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Dot);
            this.SUBRULE2(this.pathPart);
          },
        },
        { ALT: () => this.CONSUME(t.DotNumber) },
      ]);
    });
  });

  protected pathPart = this.RULE("pathPart", () => {
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.LBracket);
      this.SUBRULE(this.pathIndex);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.SUBRULE2(this.pathIndex);
      });
      this.CONSUME(t.RBracket);
    });
  });

  protected pathIndex = this.RULE("pathIndex", () => {
    this.OR(this.oneOf([t.Name, t.NumberLiteral]));
  });
}
