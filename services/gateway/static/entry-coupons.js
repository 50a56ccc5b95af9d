// The coupons of an order: codes as typed, each a chip with what it takes, and in words why one takes nothing.
import { element, icon } from "./core.js";

const chips = document.getElementById("chips");
const verdicts = document.getElementById("verdicts");
const field = document.getElementById("coupon");
let entered = [];
let judged = [];

const plain = (code) => code.trim().toUpperCase();
export const codes = () => [...entered];

export function set(value) {
  entered = [...value];
  draw();
}

/** What the field holds, once. Whether that changed anything. */
export function enter() {
  const code = plain(field.value);
  field.value = "";
  if (!code || entered.some((known) => plain(known) === code)) return false;
  set([...entered, code]);
  return true;
}

/** As the server judged them; codes that it has not seen yet have no verdict. */
export function drawVerdicts(coupons) {
  judged = coupons;
  draw();
}

function draw() {
  if (!chips) return;
  const verdictOf = (code) => judged.find((each) => each.code === plain(code));
  const auto = judged.filter((each) => each.auto && each.applied);
  chips.replaceChildren(...auto.map((each) => chip(each.code, each)), ...entered.map((code) => chip(plain(code), verdictOf(code), true)));
  const told = [...auto, ...entered.map(verdictOf)].filter((each) => each?.said);
  verdicts.replaceChildren(...told.map((each) => element("p", { class: "verdict", "data-tone": each.applied ? "ok" : "bad" }, icon(each.applied ? "check" : "alert"), element("span", {}, element("span", { class: "id" }, each.code), ` ${each.said}`))));
}

function chip(code, verdict, removable = false) {
  const amount = verdict?.applied ? [element("span", { class: "num" }, verdict.amount)] : [];
  const remove = removable ? [element("button", { type: "button", "data-drop": code, "aria-label": `Remove coupon ${code}` }, icon("x"))] : [element("span", { class: "meta" }, "by itself ")];
  return element("span", { class: verdict && !verdict.applied ? "chip off" : "chip" }, code, " ", ...amount, ...remove);
}

export const drop = (code) => set(entered.filter((known) => plain(known) !== code));
