// What a resident writes, kept on the device until it has arrived; and its sending, which happens once however often
// the network fails: the same Idempotency-Key with the same body gives the first answer.
import { get, set, del } from "idb-keyval";
import { reactive, toRaw } from "vue";
import { api, random, troubleOf, type Trouble } from "../common/client";
import { texts } from "../common/locale";
import { keep } from "./mine";

export interface Draft {
  county: string;
  /** writing; sending: it may have arrived, so its words stay as they are; placed: only photos are left. */
  state: "writing" | "sending" | "placed";
  idempotency: string;
  title: string;
  text: string;
  community: string;
  place: string;
  phone: string;
  name: string;
  /** What may be told of it is public. */
  public: boolean;
  /** What it is the same matter as, by what the server calls that; "": a matter of its own. */
  sameAs: string;
  photos: File[];
  /** Why photos were not taken, in words. */
  refused: string[];
  order: string;
  code: string;
}

export const PHOTOS = 3;
const AGAIN = 15; // seconds

function blank(county: string, before?: Draft): Draft {
  return {
    county,
    state: "writing",
    idempotency: random(),
    title: "",
    text: "",
    community: "",
    place: "",
    phone: before?.phone ?? "", // who writes again is the same person
    name: before?.name ?? "",
    public: false,
    sameAs: "",
    photos: [],
    refused: [],
    order: "",
    code: "",
  };
}

/** The draft of a county, as it is shown; `trouble` says why it waits. */
export class Sending {
  readonly draft: Draft;
  readonly status = reactive({ busy: false, trouble: undefined as Trouble | undefined });
  private timer = 0;

  private constructor(draft: Draft) {
    this.draft = reactive(draft) as Draft;
  }

  static async open(county: string): Promise<Sending> {
    const kept = await get<Draft>(`draft.${county}`).catch(() => undefined);
    const sending = new Sending(kept ?? blank(county));
    addEventListener("online", () => sending.goOn());
    if (sending.draft.state !== "writing") void sending.goOn();
    return sending;
  }

  /** Keeps what is written. A browser that forbids it forgets it with the page. */
  async save(): Promise<void> {
    const { photos, refused, ...words } = toRaw(this.draft);
    const plain = { ...words, photos: photos.map(toRaw), refused: [...refused] };
    await set(`draft.${this.draft.county}`, plain).catch(() => undefined);
  }

  /** Begins anew. What there was is returned, for who did not mean it. */
  async clear(): Promise<Draft> {
    const before = { ...toRaw(this.draft) };
    await del(`draft.${this.draft.county}`).catch(() => undefined);
    Object.assign(this.draft, blank(this.draft.county, this.draft));
    this.status.trouble = undefined;
    return before;
  }

  async restore(before: Draft): Promise<void> {
    Object.assign(this.draft, before);
    await this.save();
    await this.goOn();
  }

  async send(): Promise<void> {
    this.draft.state = "sending";
    await this.save();
    await this.goOn();
  }

  /** Sends what has not arrived: the order, then its photos. */
  async goOn(): Promise<void> {
    if (this.status.busy || this.draft.state === "writing") return;
    clearTimeout(this.timer);
    this.status.busy = true;
    this.status.trouble = undefined;
    try {
      if (this.draft.state === "sending") await this.sendOrder();
      while (this.draft.state === "placed" && this.draft.photos.length > 0) await this.sendPhoto();
    } catch (trouble) {
      this.status.trouble = trouble instanceof TypeError ? {} : (trouble as Trouble); // fetch says TypeError: no network
      this.tryLater(this.status.trouble.wait ?? AGAIN);
    } finally {
      this.status.busy = false;
    }
  }

  private tryLater(seconds: number): void {
    if (this.draft.state !== "writing") this.timer = window.setTimeout(() => this.goOn(), seconds * 1000);
  }

  private async sendOrder(): Promise<void> {
    const { county, title, text, community, place, phone, name, sameAs, idempotency } = this.draft;
    const given = { title, text, community, place, phone, name, same_as: sameAs };
    const words = Object.entries(given).filter(([, value]) => value?.trim()); // one that was kept before may lack some
    const body = { county, ...Object.fromEntries(words), ...(this.draft.public ? { public: 1 } : {}) };
    const { data, error, response } = await api.POST("/api/v1/orders", {
      body: body as typeof body & { title: string },
      headers: { "Idempotency-Key": idempotency },
    });
    if (!data) {
      const trouble = troubleOf(response, error);
      // Refused for what it says: it has not arrived, and is to be corrected. 429 and 5xx: it is tried again.
      if (response.status < 500 && response.status !== 429 && response.status !== 408) this.draft.state = "writing";
      await this.save();
      throw trouble;
    }
    Object.assign(this.draft, { state: "placed", order: data.order, code: data.code });
    keep({ order: data.order, code: data.code, title, standing: data.state, placedAt: new Date().toISOString() });
    await this.save();
  }

  private async sendPhoto(): Promise<void> {
    const photo = toRaw(this.draft.photos[0]);
    const answer = await fetch(`../api/v1/orders/${this.draft.order}/attachments`, {
      method: "POST",
      headers: { "X-Order-Code": this.draft.code, "X-File-Name": encodeURIComponent(photo.name) },
      body: photo,
    });
    if (answer.status >= 500 || answer.status === 429)
      throw troubleOf(answer, await answer.json().catch(() => undefined));
    if (!answer.ok) {
      const problem = await answer.json().catch(() => undefined);
      this.draft.refused.push(texts.value.placed.photoRefused(photo.name, problem?.detail ?? ""));
    }
    this.draft.photos.shift();
    await this.save();
  }
}
