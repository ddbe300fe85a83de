// The options of commands: what may be entered, what is suggested, what is wrong with it.

const STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, FILE = 11;
const SUBCOMMAND = 1, GROUP = 2;
const WRONG = { [BOOLEAN]: "Choose True or False.", [USER]: "Choose a member.", [CHANNEL]: "Choose a channel.",
  [ROLE]: "Choose a role.", [MENTIONABLE]: "Choose a member or a role." };

// What Discord shows in the person's language, if the bot has translated it.
const inLanguage = (one) => ({ ...one, description: one.description_localized ?? one.description,
  choices: one.choices?.map((choice) => ({ ...choice, name: choice.name_localized ?? choice.name })) });

// Every command that can be sent, with the words that name it: `quota grant`.
export function leaves(commands, before = "") {
  return commands.flatMap((one) => {
    const path = before ? `${before} ${one.name}` : one.name;
    const inner = (one.options ?? []).filter(({ type }) => type === SUBCOMMAND || type === GROUP);
    if (inner.length) return leaves(inner, path);
    return [{ path, description: inLanguage(one).description, options: (one.options ?? []).map(inLanguage) }];
  });
}

// What the option can be chosen from, or null where anything may be written.
export function offered(option, { members, roles, channels }) {
  const as = (sign) => (one) => ({ name: sign + one.name, value: one.id });
  const places = channels.filter((one) => !one.direct);
  if (option.choices) return option.choices;
  switch (option.type) {
    case BOOLEAN: return [{ name: "True", value: "true" }, { name: "False", value: "false" }];
    case USER: return members.map(as("@"));
    case ROLE: return roles.map(as("@"));
    case CHANNEL: return places.map(as("#"));
    case MENTIONABLE: return [...members, ...roles].map(as("@"));
    default: return null;
  }
}

// What is wrong with the words, in Discord's words; empty when nothing is.
export function mistake(option, words, value) {
  if (!words.trim()) return option.required ? "This option is required. Specify a value." : "";
  if (option.type === FILE) return "This page cannot enter files.";
  if (option.choices && value === undefined) return "Choose one of the options.";
  if (WRONG[option.type]) return value === undefined ? WRONG[option.type] : "";
  const { min_value: least, max_value: most, min_length: shortest, max_length: longest = 6000 } = option;
  if (option.type === STRING) return between(String(value ?? words).length, shortest, longest, " characters");
  const number = Number(value ?? words);
  if (!Number.isFinite(number)) return "Must be a number.";
  if (option.type === INTEGER && !Number.isInteger(number)) return "Must be a whole number.";
  return option.type === NUMBER || option.type === INTEGER ? between(number, least, most, "") : "";
}

function between(number, least, most, unit) {
  if ((least ?? -Infinity) <= number && number <= (most ?? Infinity)) return "";
  if (least !== undefined && most !== undefined) return `Must be between ${least} and ${most}${unit}.`;
  return most === undefined ? `Must be ${least} or more${unit}.` : `Must be ${most} or fewer${unit}.`;
}

export const completed = (option) => option.autocomplete === true;
