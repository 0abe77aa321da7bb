// A program with the OpenAI SDK for Node that prints its results as JSON. Environment variables set the URL.
import fs from 'node:fs';
import OpenAI, { toFile } from 'openai';

const [image] = process.argv.slice(2);
const client = new OpenAI({ timeout: 10_000 });

async function finished(video) {
  while (video.status === 'queued' || video.status === 'in_progress') {
    const { data, response } = await client.videos.retrieve(video.id).withResponse();
    const wait = Number(response.headers.get('openai-poll-after-ms') ?? 0);
    await new Promise((resolve) => setTimeout(resolve, wait));
    video = data;
  }
  return video;
}

async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    const { status, code, param, requestID } = error;
    return { name: error.constructor.name, status, code, param, requestID, id: error.error?.request_id };
  }
}

const made = await client.videos.create({
  prompt: 'A lighthouse in a storm',
  input_reference: await toFile(fs.createReadStream(image), 'guide.webp', { type: 'image/webp' }),
  seconds: '8',
  size: '1280x720',
});
const running = await errorOf(client.videos.delete(made.id));
const done = await finished(made);
const files = {};
for (const variant of ['video', 'thumbnail', 'spritesheet']) {
  const response = await client.videos.downloadContent(done.id, { variant });
  files[variant] = Buffer.from(await response.arrayBuffer()).toString('base64');
}
const remix = await finished(await client.videos.remix(done.id, { prompt: 'The same at night' }));
await client.videos.create({ prompt: 'mock:fails' }).then(finished);
const listed = {};
for (const order of ['asc', 'desc']) {
  listed[order] = [];
  for await (const video of client.videos.list({ limit: 1, order })) {
    listed[order].push(video);
  }
}
const deleted = await client.videos.delete(made.id);
const unknown = await errorOf(client.videos.retrieve(made.id));
const limited = await errorOf(
  client.videos.create({ prompt: 'x' }, { headers: { Prefer: 'code=429' }, maxRetries: 0 }),
);
const rejected = await errorOf(client.videos.create({ prompt: 'x', seconds: '5' }));
const unauthenticated = await errorOf(new OpenAI({ apiKey: 'sk-invalid' }).videos.list());

console.log(
  JSON.stringify({ made, done, files, remix, listed, deleted, errors: { running, unknown, limited, rejected, unauthenticated } }),
);
