// Sends a photo or document of an order, a photo made small before. shown: it is for the order's resident, too.
import { shrunk } from "../common/photo";
import { upload, type Upload } from "../common/upload";

export async function attach(
  order: string,
  file: File,
  shown: boolean,
  onProgress: (percent: number) => void,
): Promise<Upload> {
  const sent = file.type.startsWith("image/") ? await shrunk(file) : file;
  return upload(`../api/v1/orders/${order}/attachments${shown ? "?shown=1" : ""}`, sent, {}, onProgress);
}
