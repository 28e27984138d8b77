/** The rules cannot be turned into flows within bounds; the message says why, for people. */
export class ImportTooLarge extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ImportTooLarge';
  }
}
