// Names come from elsewhere, and may hold what moves a terminal's cursor.

/** The text as it is where nothing in it can do harm; else quoted. */
export const printable = (text: string): string =>
  /\p{C}/u.test(text) ? JSON.stringify(text).replaceAll(/\p{C}/gu, '\uFFFD') : text
