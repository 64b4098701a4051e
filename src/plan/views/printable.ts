// What a plan quotes from platforms and files, made harmless for whoever shows it.

/** Control characters and those that turn the direction of writing would let a name on the platform steer the terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => (/\s/.test(character) ? ' ' : '�'))
