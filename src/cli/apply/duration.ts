import { InvalidArgumentError } from 'commander';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `60s`, `5m`, `1h` or a bare number of seconds. @throws InvalidArgumentError in words for people. */
export function seconds(bounds: { readonly least: number; readonly most: number }): (text: string) => number {
  return (text) => {
    const [, number = '', unit = 's'] = /^([0-9]{1,6})([smh])?$/.exec(text) ?? [];
    const value = Number(number) * (SECONDS[unit] ?? 1);
    if (number !== '' && value >= bounds.least && value <= bounds.most) return value;
    throw new InvalidArgumentError(
      `write a time such as 60s, 5m or 1h, from ${durationText(bounds.least)} to ${durationText(bounds.most)}`,
    );
  };
}

/** `90 s`, `5 min`, `1 h 30 min`: the two largest units that say it. */
export function durationText(value: number): string {
  const whole = Math.round(value);
  if (whole < 120) return `${whole} s`;
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor((whole % 86_400) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ] as const;
  return parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}
