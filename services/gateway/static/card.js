// What can be said of a card before anybody is asked. The number never leaves this page except to the vault.

export const digits = (text) => text.replace(/[^0-9]/g, "");

export function brand(number) {
  if (/^4/.test(number)) return "Visa";
  if (/^(5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720))/.test(number)) return "Mastercard";
  if (/^3[47]/.test(number)) return "American Express";
  if (/^(6011|65)/.test(number)) return "Discover";
  return "";
}

export function spaced(text) {
  const number = digits(text).slice(0, 19);
  const groups = brand(number) === "American Express" ? /^(\d{1,4})(\d{1,6})?(\d{1,5})?/ : /^(\d{1,4})(\d{1,4})?(\d{1,4})?(\d{1,4})?(\d{1,3})?/;
  return (number.match(groups) ?? []).slice(1).filter(Boolean).join(" ");
}

export function expiry(text) {
  const found = digits(text).slice(0, 4);
  return found.length > 2 ? `${found.slice(0, 2)} / ${found.slice(2)}` : found;
}

/** The last four, where there are more. */
export const masked = (number) => (number ? `•••• ${number.slice(-4)}` : "");

/** What is typed into the number or the expiry date takes its shape; `brand` says whose number it is. */
export function shape(field, brandPlace) {
  if (field.id === "number") {
    field.value = spaced(field.value);
    brandPlace.textContent = brand(digits(field.value));
  }
  if (field.id === "expiry") field.value = expiry(field.value);
}

/** As the vault takes a card for an order. */
export const forVault = (order, { number, expiry, cvv }) => ({ order_id: order, number, expiry: `${expiry.slice(0, 2)}/${expiry.slice(2)}`, cvv });

function luhn(number) {
  const sum = [...number].reverse().reduce((total, digit, place) => {
    const value = place % 2 ? Number(digit) * 2 : Number(digit);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** Whether a card number may be in it: 13 to 19 digits, at most one sign between two of them. */
export function holdsCard(text) {
  return [...text.matchAll(/\d(?:[^\p{L}\d\n]?\d){12,}/gu)].some(([run]) => {
    const found = digits(run);
    const from = [...found].map((_, place) => place).filter((place) => "3456".includes(found[place]));
    return from.some((place) => LENGTHS.some((length) => place + length <= found.length && luhn(found.slice(place, place + length))));
  });
}
const LENGTHS = [13, 14, 15, 16, 17, 18, 19];

/** [field, words] of everything that is wrong. */
export function problems(number, date, code, today = new Date()) {
  const found = [];
  if (!number) found.push(["number", "Enter the card number."]);
  else if (number.length < 12 || !/^[2-9]/.test(number) || !luhn(number)) found.push(["number", "This is not a card number. Check it digit by digit."]);
  const [month, year] = [Number(date.slice(0, 2)), 2000 + Number(date.slice(2))];
  if (date.length !== 4 || month < 1 || month > 12) found.push(["expiry", "The expiry date is month and year, such as 08/29."]);
  else if (year < today.getFullYear() || (year === today.getFullYear() && month < today.getMonth() + 1)) found.push(["expiry", "This card has expired."]);
  if (code.length !== (brand(number) === "American Express" ? 4 : 3)) found.push(["cvv", "The security code has three digits, on American Express four."]);
  return found;
}

/** The check digit of an ABA routing number. */
function isRouting(number) {
  const sum = [...number].reduce((total, digit, place) => total + Number(digit) * [3, 7, 1][place % 3], 0);
  return number.length === 9 && Number(number) > 0 && sum % 10 === 0;
}

/** [field, words] of everything that is wrong with a bank account. */
export function accountProblems({ routing, account, holder }) {
  const found = [];
  if (!isRouting(routing)) found.push(["routing", routing ? "This is not a routing number. It has nine digits; check each of them." : "Enter the routing number."]);
  if (account.length < 4 || account.length > 17) found.push(["account", account ? "An account number has 4 to 17 digits." : "Enter the account number."]);
  if (!holder) found.push(["holder", "Enter the name of the account's holder."]);
  return found;
}
