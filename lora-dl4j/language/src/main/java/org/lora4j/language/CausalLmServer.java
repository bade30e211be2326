/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.Deadline;
import org.lora4j.internal.language.decode.DecodeSession;
import org.lora4j.internal.language.sampling.Candidates;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.ServedStatus;
import org.lora4j.trust.TrustPolicy;

/**
 * Serves texts of one model with many adapters. Requests come at any time, each with its own adapter and config; all that run
 * go through the model together, token by token, and begin and end between two tokens (continuous batching).
 *
 * <pre>{@code
 * try (CausalLmServer server = CausalLmServer.builder(model).maxSequences(16).memory(512 << 20).queue(100).build()) {
 *     server.register("shakespeare", directory);
 *     LmRequest request = server.submit("shakespeare", "To be", GenerationConfig.greedy(60));
 *     System.out.println(request.result().text());
 * }
 * }</pre>
 *
 * <p><b>Texts.</b> Each is the one that {@link CausalLm#generateIds} makes with that adapter alone, config and seed included:
 * what the model computes is equal to rounding, so a text can differ only where two tokens are as good as equal, or a drawn
 * number falls between them. The adapters of {@link CausalLm#model()} do not matter here.
 *
 * <p><b>Adapters.</b> Registered, replaced and removed by name at any time. A text has the adapter that is registered when it
 * begins, and keeps it. Low-rank pairs are added to what a module gives; other methods are merged into FLOAT copies of the
 * weights that they change, which take that much memory each: see {@link #status}.
 *
 * <p><b>Order.</b> Texts of one adapter begin in the order of their requests. Among adapters it is the turn of the one that got
 * the fewest tokens so far, so one with many requests does not hold up the others.
 *
 * <p><b>Memory.</b> Caches of keys and values and rows on their way take what {@link Builder#memory} says at most, adapters
 * what {@link Builder#adapterMemory} says. While a cache grows, that of one layer is there twice. Reading an adapter takes
 * its size once more for that time.
 *
 * <p><b>Failures.</b> A request that is wrong is refused when it comes. What goes wrong with one later, such as logits that are
 * NaN, a listener that throws or an adapter that cannot be read again, fails it alone.
 *
 * <p><b>Threads.</b> Safe for any number of threads. One thread of the server makes the texts, with the processors' help; it
 * calls the listeners, so a slow one holds up all texts. Another one reads adapters.
 *
 * @apiNote Status: stable
 */
public final class CausalLmServer implements AutoCloseable {

    /** What a request names to get the model without an adapter. */
    public static final String BASE = AdapterServer.BASE;

    private static final TokenListener ALL = token -> true;

    private static final String NAME = "the name of an adapter";

    private final CausalLm model;
    private final TrustPolicy trust;
    private final DecodeSession session;
    private final long cacheMemory;
    private final long fixedBytes;
    private final int mostTexts;
    private final Object lock = new Object();
    private final ExecutorService reading;
    private final AdapterShelf adapters;
    private final ContinuousBatch batch;
    private final Thread thread;
    private final Candidates candidates = new Candidates();

    // Guarded by the lock.
    private final Set<LmRequest> open = new HashSet<>();
    private long requests;
    private long arrivals;
    private boolean takesNoMore;

    private CausalLmServer(CausalLm model, Builder builder) {
        this.model = model;
        this.trust = builder.trust;
        this.mostTexts = builder.maxSequences + builder.queue;
        this.reading = Executors.newSingleThreadExecutor(work -> daemon(work, "lora4j-lm-adapters"));
        this.adapters = new AdapterShelf(model, builder.trust, builder.adapterMemory, lock, reading);
        this.session = new DecodeSession(model.decoding(), adapters);
        try {
            session.prepare(
                    builder.maxSequences + builder.promptTokens,
                    builder.maxSequences,
                    session.longestWithin(builder.memory));
            this.fixedBytes = session.bytes();
            this.cacheMemory = builder.memory - fixedBytes;
            long least = session.bytesOf(Math.min(ContinuousBatch.STEP, model.contextLength()));
            if (cacheMemory < least) {
                throw new IllegalArgumentException("CausalLmServer: memory = " + builder.memory
                        + " bytes; expected at least " + (fixedBytes + least) + ": rows on their way take " + fixedBytes
                        + ", the cache of a short text " + least
                        + ". Raise memory(...), or take fewer maxSequences(...) or promptTokens(...).");
            }
        } catch (RuntimeException | Error e) {
            session.close();
            reading.shutdown();
            throw e;
        }
        this.batch = new ContinuousBatch(
                session, adapters, lock, builder.maxSequences, builder.promptTokens, builder.memory, fixedBytes);
        this.thread = daemon(batch, "lora4j-lm-server");
        thread.start();
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Starts the description of a server.
     *
     * @param model the model; its weights are shared. To be closed after the server
     * @return a builder
     */
    public static Builder builder(CausalLm model) {
        return new Builder(Objects.requireNonNull(model, "CausalLmServer: model is null; expected CausalLm.load(...)"));
    }

    private Adapter read(Path directory) throws IOException {
        return AdapterLoader.of(directory).trust(trust).load();
    }

    /**
     * Registers an adapter that stays in memory.
     *
     * @param name a name that is free
     * @param adapter the adapter, of any method
     * @throws IllegalArgumentException if the name is taken, the adapter does not fit the model, or adapters would take more
     *     than {@link Builder#adapterMemory}; the server stays as it was
     * @throws IllegalStateException if there is no room for it beside those that texts are made with, or the server is closed
     */
    public void register(String name, Adapter adapter) {
        Arguments.required(name, "CausalLmServer.register: name", NAME);
        Arguments.required(adapter, "CausalLmServer.register: adapter", "an adapter, such as Adapter.load(directory)");
        requireOpen();
        adapters.put(name, Optional.empty(), adapter, false);
    }

    /**
     * Registers the adapter of a PEFT directory. It may be dropped from memory and read again, so leave the directory as it
     * is; a change is noticed, and requests for the adapter fail until it is replaced.
     *
     * @param name a name that is free
     * @param directory a PEFT directory
     * @throws IllegalArgumentException as {@link #register(String, Adapter)}
     * @throws IllegalStateException if the server is closed
     * @throws IOException if the directory cannot be read
     */
    public void register(String name, Path directory) throws IOException {
        Arguments.required(name, "CausalLmServer.register: name", NAME);
        Arguments.required(directory, "CausalLmServer.register: directory", "a PEFT directory");
        requireOpen();
        adapters.put(name, Optional.of(directory), read(directory), false);
    }

    /**
     * Exchanges the adapter of a name. Texts that run keep the old one, those that begin later have the new one.
     *
     * @param name a registered name
     * @param adapter the new adapter, which stays in memory
     * @throws IllegalArgumentException if the name is unknown, or as {@link #register(String, Adapter)}; the old adapter is
     *     served on then
     * @throws IllegalStateException as {@link #register(String, Adapter)}
     */
    public void replace(String name, Adapter adapter) {
        Arguments.required(name, "CausalLmServer.replace: name", NAME);
        Arguments.required(adapter, "CausalLmServer.replace: adapter", "an adapter, such as Adapter.load(directory)");
        requireOpen();
        adapters.put(name, Optional.empty(), adapter, true);
    }

    /**
     * Exchanges the adapter of a name for that of a PEFT directory, which may be the changed directory of the old one.
     *
     * @param name a registered name
     * @param directory a PEFT directory
     * @throws IllegalArgumentException as {@link #replace(String, Adapter)}
     * @throws IllegalStateException if the server is closed
     * @throws IOException if the directory cannot be read
     */
    public void replace(String name, Path directory) throws IOException {
        Arguments.required(name, "CausalLmServer.replace: name", NAME);
        Arguments.required(directory, "CausalLmServer.replace: directory", "a PEFT directory");
        requireOpen();
        adapters.put(name, Optional.of(directory), read(directory), true);
    }

    /**
     * Removes an adapter. Texts that run go on with it; requests that wait for it fail.
     *
     * @param name a registered name
     * @throws IllegalArgumentException if the name is unknown
     * @throws IllegalStateException if the server is closed
     */
    public void remove(String name) {
        Arguments.required(name, "CausalLmServer.remove: name", NAME);
        requireOpen();
        adapters.remove(name);
    }

    /**
     * The adapters.
     *
     * @return what is held of each, by name in order
     */
    public List<ServedStatus> status() {
        return adapters.status();
    }

    /**
     * What the server did and has to do.
     *
     * @return a value of now
     */
    public LmServerMetrics metrics() {
        return batch.metrics();
    }

    /**
     * Goes on with a text.
     *
     * @param adapter a registered name; {@link #BASE} or null for none
     * @param prompt the text
     * @param config how
     * @return the request, which waits or runs
     * @throws IllegalArgumentException as {@link #submit(String, int[], GenerationConfig, TokenListener)}
     * @throws QueueFullException likewise
     * @throws IllegalStateException likewise, or if the model has no tokenizer
     */
    public LmRequest submit(String adapter, String prompt, GenerationConfig config) {
        return submit(adapter, prompt, config, ALL);
    }

    /**
     * Goes on with a text.
     *
     * @param adapter a registered name; {@link #BASE} or null for none
     * @param prompt the text
     * @param config how
     * @param listener hears of each token, and may end its text
     * @return the request, which waits or runs
     * @throws IllegalArgumentException as {@link #submit(String, int[], GenerationConfig, TokenListener)}
     * @throws QueueFullException likewise
     * @throws IllegalStateException likewise, or if the model has no tokenizer
     */
    public LmRequest submit(String adapter, String prompt, GenerationConfig config, TokenListener listener) {
        Arguments.required(prompt, "CausalLmServer.submit: prompt", "a text");
        return submit(adapter, model.tokenizer().encode(prompt), config, listener);
    }

    /**
     * Answers a conversation, by the model's chat template.
     *
     * @param adapter a registered name; {@link #BASE} or null for none
     * @param messages what was said, the last by the user
     * @param config how
     * @param listener hears of each token, and may end its text
     * @return the request, which waits or runs
     * @throws IllegalArgumentException as {@link #submit(String, int[], GenerationConfig, TokenListener)}
     * @throws QueueFullException likewise
     * @throws IllegalStateException likewise, or as {@link CausalLm#chat}
     */
    public LmRequest chat(String adapter, List<ChatMessage> messages, GenerationConfig config, TokenListener listener) {
        return chat(adapter, messages, List.of(), config, listener);
    }

    /**
     * Answers a conversation in which the model may call tools.
     *
     * @param adapter a registered name; {@link #BASE} or null for none
     * @param messages what was said, the last by the user or a tool
     * @param tools what may be called, as for {@link CausalLm#chat(List, List, GenerationConfig)}
     * @param config how
     * @param listener hears of each token, and may end its text
     * @return the request, which waits or runs
     * @throws IllegalArgumentException as {@link #submit(String, int[], GenerationConfig, TokenListener)}
     * @throws QueueFullException likewise
     * @throws IllegalStateException likewise, or as {@link CausalLm#chat}
     */
    public LmRequest chat(
            String adapter,
            List<ChatMessage> messages,
            List<? extends Map<String, ?>> tools,
            GenerationConfig config,
            TokenListener listener) {
        return submit(adapter, model.promptIds(messages, tools), config, listener);
    }

    /**
     * Goes on with token ids.
     *
     * @param adapter a registered name; {@link #BASE} or null for none
     * @param prompt ids, one or more
     * @param config how
     * @param listener hears of each token, on the thread that makes all texts, and may end its text
     * @return the request, which waits or runs
     * @throws IllegalArgumentException if the adapter is not registered, the prompt is empty, has ids that are not in the
     *     vocabulary or leaves no room in the context, prompt and new tokens together have a cache beyond {@link
     *     Builder#memory}, or the config asks for more texts than run and wait
     * @throws QueueFullException if as many texts run and wait as the server takes
     * @throws IllegalStateException if the server is closed, takes no more, or has failed
     */
    public LmRequest submit(String adapter, int[] prompt, GenerationConfig config, TokenListener listener) {
        Arguments.required(prompt, "CausalLmServer.submit: prompt", "ids of tokens, one or more");
        Arguments.required(config, "CausalLmServer.submit: config", "one, such as GenerationConfig.greedy(40)");
        Objects.requireNonNull(listener, "submit: listener is null; expected one, such as token -> true");
        String name = adapter == null ? BASE : adapter;
        requireOpen();
        adapters.requireKnown(name);
        int count = config.numReturnSequences();
        if (count > mostTexts) {
            throw new IllegalArgumentException("submit: numReturnSequences = " + count + ", expected at most "
                    + mostTexts + ", what runs and waits. Ask several times, or raise queue(...).");
        }
        // Before anything is made for the texts, and again when they are added.
        requireRoom(count);
        List<CausalLm.Text> texts = model.texts(List.of(prompt.clone()), config, candidates);
        int tokens = mostTokens(texts.get(0).ids().length, config);
        synchronized (lock) {
            requireOpen();
            requireRoom(count);
            LmRequest request = new LmRequest(requests++, name, texts.size(), this::wake);
            List<ServerText> added = new ArrayList<>();
            for (CausalLm.Text text : texts) {
                added.add(new ServerText(request, added.size(), arrivals++, text, tokens, listener));
            }
            open.add(request);
            request.whenDone(() -> done(request));
            batch.add(added);
            return request;
        }
    }

    /**
     * The model, whose tokenizer and template make prompts.
     *
     * @return the one that was given
     */
    public CausalLm model() {
        return model;
    }

    /**
     * The longest text, prompt and new tokens together: what the model can have, and {@link Builder#memory} has room for.
     *
     * @return tokens
     */
    public int longestText() {
        int fits = 1;
        int most = model.contextLength();
        while (fits < most) {
            int middle = fits + (most - fits + 1) / 2;
            if (session.bytesOf(middle - 1) <= cacheMemory) {
                fits = middle;
            } else {
                most = middle - 1;
            }
        }
        return fits;
    }

    private void requireRoom(int texts) {
        synchronized (lock) {
            int now = batch.texts();
            if (texts > mostTexts - now) {
                throw new QueueFullException(texts, now, mostTexts);
            }
        }
    }

    /** Tokens that a text comes to at most, but for the last, which is not computed. */
    private int mostTokens(int length, GenerationConfig config) {
        // New tokens may be as many as an int holds: no bound but the context.
        long asked = (long) length + config.newTokens(length);
        int tokens = (int) Math.max(0, Math.min(asked, model.contextLength()) - 1);
        long bytes = session.bytesOf(tokens);
        if (bytes > cacheMemory) {
            throw new IllegalArgumentException("submit: a prompt of " + length + " tokens with " + (tokens + 1 - length)
                    + " new ones has a cache of " + bytes + " bytes, expected at most " + cacheMemory
                    + ": memory(...) without the " + fixedBytes
                    + " for rows on their way. Ask for fewer tokens, or raise memory(...).");
        }
        return tokens;
    }

    private void wake() {
        synchronized (lock) {
            lock.notifyAll();
        }
    }

    private void done(LmRequest request) {
        synchronized (lock) {
            open.remove(request);
            lock.notifyAll();
        }
    }

    private void requireOpen() {
        synchronized (lock) {
            if (batch.broken() != null) {
                throw new IllegalStateException(
                        "CausalLmServer: it has failed (" + batch.broken() + "). Build another one.", batch.broken());
            }
            if (takesNoMore) {
                throw new IllegalStateException(
                        "CausalLmServer: it is closed or about to be; expected requests and changes"
                                + " before drain and close. Build another server.");
            }
        }
    }

    /**
     * Takes no more requests, and waits until those that were accepted are done. Close the server then.
     *
     * @param atMost how long to wait
     * @return whether all are done
     * @throws InterruptedException if the thread is interrupted meanwhile; the requests go on
     */
    public boolean drain(Duration atMost) throws InterruptedException {
        Deadline end = Deadline.in(atMost, "drain: atMost");
        synchronized (lock) {
            takesNoMore = true;
            while (!open.isEmpty()) {
                long left = end.leftMillis();
                if (left == 0) {
                    return false;
                }
                lock.wait(left);
            }
            return true;
        }
    }

    /**
     * Ends all texts, as {@link LmRequest#cancel} does, and frees what the server holds; the model is left as it is. A listener
     * that waits for something is interrupted. May be called from any thread, from a listener, too, and again without effect.
     */
    @Override
    public void close() {
        synchronized (lock) {
            takesNoMore = true;
            batch.close();
        }
        reading.shutdown();
        if (Thread.currentThread() == thread) {
            // A listener closes; the thread ends when it returns.
            return;
        }
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        adapters.clear();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "CausalLmServer[" + model + ", " + metrics() + "]";
    }

    /**
     * Describes a server.
     *
     * @apiNote Status: stable
     */
    public static final class Builder {

        private static final int MOST_ROWS = 256;

        private final CausalLm model;
        private int maxSequences = 16;
        private int promptTokens = 64;
        private int queue = 256;
        private long memory = 1L << 30;
        private long adapterMemory = Long.MAX_VALUE;
        private TrustPolicy trust = TrustPolicy.usual();

        private Builder(CausalLm model) {
            this.model = model;
        }

        /**
         * Limits how many texts run side by side, 16 by default. More give more tokens a second in all, and each text fewer.
         *
         * @param count 1 to 256
         * @return this
         */
        public Builder maxSequences(int count) {
            maxSequences = count;
            return this;
        }

        /**
         * Limits how many tokens of prompts are computed in a step, 64 by default. With more a prompt is ready sooner, and texts
         * that run wait longer for their next token.
         *
         * @param count 1 to 256
         * @return this
         */
        public Builder promptTokens(int count) {
            promptTokens = count;
            return this;
        }

        /**
         * Limits how many texts wait, 256 by default.
         *
         * @param texts 0 or more
         * @return this
         */
        public Builder queue(int texts) {
            queue = texts;
            return this;
        }

        /**
         * Limits the memory of caches and of rows on their way, 1 GiB by default.
         *
         * @param bytes what rows take and a cache at least
         * @return this
         */
        public Builder memory(long bytes) {
            memory = bytes;
            return this;
        }

        /**
         * Limits the memory of adapters. No limit by default.
         *
         * @param bytes 1 or more
         * @return this
         */
        public Builder adapterMemory(long bytes) {
            adapterMemory = bytes;
            return this;
        }

        /**
         * Sets what is asked of directories of adapters: a receipt, a signature, the same base.
         *
         * @param policy the policy; {@link TrustPolicy#usual} by default
         * @return this
         */
        public Builder trust(TrustPolicy policy) {
            trust = Arguments.required(
                    policy, "CausalLmServer: trust", "a policy, such as TrustPolicy.usual().strict()");
            return this;
        }

        /**
         * Builds the server, and starts it; there is no adapter yet.
         *
         * @return a server
         * @throws IllegalArgumentException if a setting is out of range, or memory is too small for any text
         */
        public CausalLmServer build() {
            Problems problems = new Problems();
            range(problems, "maxSequences", maxSequences, 1, MOST_ROWS);
            range(problems, "promptTokens", promptTokens, 1, MOST_ROWS);
            range(problems, "queue", queue, 0, Integer.MAX_VALUE - MOST_ROWS);
            problems.atLeast("memory", memory, 1);
            problems.atLeast("adapterMemory", adapterMemory, 1);
            problems.throwIfAny("CausalLmServer");
            return new CausalLmServer(model, this);
        }

        private static void range(Problems problems, String name, int value, int least, int most) {
            problems.check(
                    value >= least && value <= most, name + " = " + value + ", expected " + least + " to " + most);
        }
    }
}
