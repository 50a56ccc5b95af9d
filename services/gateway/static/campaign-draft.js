// The draft as it is typed, section by section, beside what the server has of it.
export const NAMES = {
  name: "Name", kind: "Type", listed: "List in Order Entry", currency: "Currency", countries: "Countries", qa_share: "Held for review",
  target_call_seconds: "Target time of a call", methods: "Payment methods", offers: "Offers and upsells", script_main: "Main script",
  script_rebuttal: "Rebuttal script", script_upsell: "Upsell script", call_center: "Call centre", teams: "Teams", terms_required: "Terms required",
  terms: "Terms", max_coupons: "Coupons an order", reorder_days: "Re-order", checkout: "Checkout page", coupons: "Coupons",
  profiles: "Shipping profiles", fields: "Custom fields", letters: "Letters",
};
const IN_MONEY = ["offers", "coupons", "profiles"];

/** `values` is what the form shows; lists keep their objects, so that rows know theirs. */
export const draft = { id: "", version: 0, number: 0, status: "", retired: false, problems: [], changes: [], before: {}, values: null };
/** Each section as text, as the server has it. */
const known = {};
/** Sections that somebody else changed too, and what they have. */
export const disputed = new Map();

const text = (value) => JSON.stringify(value);
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const sections = (values) => Object.keys(values).filter((section) => section in NAMES);

export const unsaved = () => (draft.values ? sections(draft.values).filter((section) => text(draft.values[section]) !== known[section]) : []);

/** Everything as the server has it. */
export function load(answer) {
  Object.assign(draft, answer);
  for (const section of sections(answer.values)) known[section] = text(answer.values[section]);
  disputed.clear();
}

const kept = () => `draft.campaign.${draft.id}`;

/** What is typed and not saved outlives a reload, a crash and a sign-out, with what it was typed over. */
export function keep() {
  const typed = unsaved();
  if (!typed.length) return sessionStorage.removeItem(kept());
  const said = Object.fromEntries(typed.map((section) => [section, { mine: draft.values[section], over: known[section] }]));
  sessionStorage.setItem(kept(), text(said));
}

/** Whether something was kept. What somebody else changed since is disputed. */
export function takeUp() {
  const said = JSON.parse(sessionStorage.getItem(kept()) ?? "{}");
  for (const [section, { mine, over }] of Object.entries(said)) {
    if (over !== known[section]) disputed.set(section, draft.values[section]);
    draft.values[section] = mine;
  }
  return Boolean(unsaved().length);
}

/** What has to be sent: with another currency, all that is in money is read anew. */
export function toSend() {
  const changed = unsaved();
  if (changed.includes("currency")) changed.push(...IN_MONEY.filter((section) => !changed.includes(section)));
  return Object.fromEntries(changed.map((section) => [section, structuredClone(draft.values[section])]));
}

/** After saving: the server's tidying and new ids, except where somebody typed on. */
export function settle(sent, answer) {
  const { values, ...rest } = answer;
  Object.assign(draft, rest);
  for (const section of sections(values)) {
    const now = text(values[section]);
    if (section in sent || now !== known[section]) draft.values[section] = settled(draft.values[section], sent[section] ?? JSON.parse(known[section]), values[section]);
    known[section] = now;
  }
}

function settled(mine, sent, theirs) {
  if (Array.isArray(theirs) && [mine, sent, theirs].every((list) => list?.length === theirs.length) && theirs.every(isObject)) {
    theirs.forEach((item, n) => { mine[n] = settled(mine[n], sent[n], item); });
    return mine;
  }
  if (isObject(mine) && isObject(theirs)) {
    for (const key of Object.keys(theirs)) mine[key] = settled(mine[key], sent?.[key], theirs[key]);
    return mine;
  }
  return text(mine) === text(sent) ? theirs : mine;
}

/** Somebody else saved in between: what only they changed is taken over; where both did, it is disputed. Sections that changed here. */
export function merge(answer) {
  const { values, ...rest } = answer;
  Object.assign(draft, rest);
  const taken = [];
  for (const section of sections(values)) {
    const [mine, theirs] = [text(draft.values[section]), text(values[section])];
    if (theirs !== known[section] && mine !== theirs) {
      if (mine === known[section]) {
        draft.values[section] = values[section];
        taken.push(section);
      } else disputed.set(section, values[section]);
    }
    known[section] = theirs;
  }
  return taken;
}

export function takeTheirs(section) {
  draft.values[section] = disputed.get(section);
  disputed.delete(section);
}
