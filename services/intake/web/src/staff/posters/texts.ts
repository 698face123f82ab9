// What the page of posters says, and the posters themselves.
import { localized } from "../../common/locale";

const zh = {
  title: "海报",
  lead: "每个社区（村）一张二维码，扫码点单时已经知道在哪里。选好社区（村），打印在 A4 纸上。",
  address: "扫码打开的网址",
  addressHint: "印出去就不能改了，请先确认群众的手机能打开它。",
  wrongAddress: "请填写以 http:// 或 https:// 开头的网址。",
  perSheet: "每张纸",
  sizes: { one: "一张", two: "两张", four: "四张" } as Record<string, string>,
  places: "社区（村）",
  whole: (town: string) => `${town}（全部）`,
  none: "还没有选社区（村）。",
  chosen: (posters: number, sheets: number) => `${posters} 张海报，${sheets} 页`,
  print: "打印",
  preview: "打印的样子",
  slogan: "身边有烦心事，扫码告诉我们",
  steps: "扫一扫 · 写下来 · 等答复 · 来评价",
  code: (place: string) => `${place}点单二维码`,
  phone: "不会扫码，也可以打电话：",
};

const en: typeof zh = {
  title: "Posters",
  lead: "A QR code for each community: who scans it need not say where they are. Choose communities, and print on A4.",
  address: "Address that the code opens",
  addressHint: "Once printed it cannot be changed. Make sure that residents' phones can open it.",
  wrongAddress: "Please give an address that begins with http:// or https://.",
  perSheet: "On each sheet",
  sizes: { one: "One", two: "Two", four: "Four" },
  places: "Communities",
  whole: (town) => `All of ${town}`,
  none: "No community is chosen.",
  chosen: (posters, sheets) => `${posters} posters on ${sheets} sheets`,
  print: "Print",
  preview: "As it is printed",
  slogan: "Something troubles you? Scan and tell us",
  steps: "Scan · Write · Get an answer · Rate it",
  code: (place) => `QR code of ${place}`,
  phone: "Or call: ",
};

export const words = localized(zh, en);
