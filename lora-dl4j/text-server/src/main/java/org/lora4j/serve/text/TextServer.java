/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.lora4j.serve.AdapterServer;
import org.lora4j.serve.RouteChoice;
import org.lora4j.serve.RouteRole;
import org.lora4j.serve.Routes;
import org.lora4j.serve.ServedBy;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.TaggedWords;
import org.lora4j.text.TaskHead;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextTask;
import org.lora4j.tokenizer.Token;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;

/**
 * Serves texts of one encoder with many adapters, each with a head of its own: classes, pairs, tags, numbers, relevance, vectors. Requests
 * come at any time and wait in a queue; whatever waits is computed together, in batches of similar length, fair among adapters.
 *
 * <pre>{@code
 * try (TextServer server = TextServer.builder(encoder).build()) {
 *     server.load("questions", Path.of("classifier"));
 *     TextAnswer<ClassScores> answer = server.classify("questions", List.of(TextInput.of("where is my card?"))).join();
 * }
 * }</pre>
 *
 * <p><b>Answers</b> are those of the task alone: the same labels, and numbers that agree within 1e-5, relative to the largest, as {@link
 * AdapterServer} computes them. Texts that are computed together do not influence each other. Each answer says which adapter made it, by
 * name, content and generation: the one that the request began with, whatever is loaded, exchanged or unloaded meanwhile. An unknown name is
 * an error, and never answered by the base.
 *
 * <p><b>Adapters</b> are loaded, exchanged and unloaded by name while requests run: what {@code save} of a task wrote, or PEFT directories
 * of vectors. They stay in memory; what {@link AdapterServer} cannot compute for each row is refused by name, as are tasks that trained all
 * weights. Aliases, shadows, canaries, promotion and rollback are in {@link #routes}.
 *
 * <p><b>Limits.</b> {@link TextLimits}: a request beyond them is refused before it waits. One whose time is over fails alone.
 *
 * <p><b>Failures.</b> A batch that fails is computed in halves, so that what is wrong with one input fails its request alone.
 *
 * <p><b>Threads.</b> Safe for any number of threads. Inputs become tokens in the thread that brings them; workers of the server compute,
 * each with one thread of native libraries. They also run what depends on an answer, so let long work that follows run elsewhere: {@code
 * thenApplyAsync}.
 *
 * @apiNote Status: experimental
 */
public final class TextServer implements AutoCloseable {

    /** What a request names to get the encoder without an adapter, for vectors. */
    public static final String BASE = AdapterServer.BASE;

    private static final String NAME = "the name of an adapter";
    private static final String TEXTS = "a text";

    private final TextEncoder encoder;
    private final boolean ownsEncoder;
    private final TrustPolicy trust;
    private final TextLimits limits;
    private final boolean unitLength;
    private final EncoderBatches batches;
    private final FairQueue queue;
    private final TaskShelf shelf;
    private final Routes routes;
    private final RequestCounts counts = new RequestCounts();
    private final OpenRequests open;
    private final TextRequest.Room room;
    private final Map<String, WatchedInputs> watched = new ConcurrentHashMap<>();
    private final List<Thread> workers = new ArrayList<>();
    private final AtomicInteger working;

    private TextServer(Builder builder, TextEncoder encoder) {
        this.encoder = encoder;
        this.ownsEncoder = encoder != builder.encoder;
        this.trust = builder.trust.orElseGet(TrustPolicy::usual);
        this.limits = builder.limits;
        List<Pooling.Step> steps = encoder.pooling().steps();
        this.unitLength = !steps.isEmpty() && steps.get(steps.size() - 1) instanceof Pooling.Normalization;
        // What it gets has been asked for already: directories when they were read, tasks when they were given.
        TrustPolicy asked = trust.allowsOtherBase() ? TrustPolicy.usual().allowOtherBase() : TrustPolicy.usual();
        this.batches = new EncoderBatches(encoder, builder.workers, limits.batchRows(), builder.adapterMemory, asked);
        this.queue = new FairQueue(limits.batchRows(), limits.batchTokens(), builder.workers);
        this.shelf = new TaskShelf(batches.adapters(), encoder);
        this.routes = new Routes(shelf::names);
        this.open = new OpenRequests(
                () -> queue.waitingTokens() / Math.max(1, batches.tokensPerSecond() * builder.workers));
        this.room = new TextRequest.Room(shelf, queue, limits, counts, open);
        this.working = new AtomicInteger(builder.workers);
        for (int i = 0; i < builder.workers; i++) {
            Thread worker = new Thread(this::work, "lora4j-text-server-" + i);
            worker.setDaemon(true);
            workers.add(worker);
        }
        workers.forEach(Thread::start);
    }

    /**
     * Starts the description of a server.
     *
     * @param encoder the encoder; its weights are shared. To be closed after the server
     * @return a builder, which needs no further call
     */
    public static Builder builder(TextEncoder encoder) {
        return new Builder(Arguments.required(encoder, "TextServer.builder: encoder", "an encoder"));
    }

    private void work() {
        try {
            List<TextRow> batch = queue.take();
            while (!batch.isEmpty()) {
                try {
                    batches.run(batch);
                } catch (RuntimeException | Error e) {
                    batch.forEach(row -> row.job().fail(e));
                } finally {
                    queue.done();
                }
                batch = queue.take();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (working.decrementAndGet() == 0) {
                batches.close();
                if (ownsEncoder) {
                    encoder.close();
                }
            }
        }
    }

    /**
     * Loads an adapter under a name that is free.
     *
     * @param name the name, which could be that of a folder
     * @param directory what {@code save} of a task wrote for this encoder, or a PEFT directory of an encoder of vectors
     * @return what was loaded
     * @throws IllegalArgumentException if the name is taken, by an alias too, or malformed, or the adapter cannot be served; the message
     *     lists everything, and the server stays as it was
     * @throws ServerClosedException if the server takes no more
     * @throws IOException if a file is missing or damaged, or is for another encoder
     */
    public LoadedTask load(String name, Path directory) throws IOException {
        return read("TextServer.load", name, directory, false);
    }

    /**
     * Exchanges the adapter of a name. Requests that were accepted keep the old one, those that come later have the new one.
     *
     * @param name a name that is loaded
     * @param directory as for {@link #load}; it may be another kind of task
     * @return what was loaded
     * @throws org.lora4j.serve.UnknownAdapterException if the name is not loaded
     * @throws IllegalArgumentException if the adapter cannot be served; the old one is served on then
     * @throws ServerClosedException if the server takes no more
     * @throws IOException as {@link #load}
     */
    public LoadedTask replace(String name, Path directory) throws IOException {
        return read("TextServer.replace", name, directory, true);
    }

    private LoadedTask read(String call, String name, Path directory, boolean again) throws IOException {
        Arguments.required(name, call + ": name", NAME);
        Arguments.required(directory, call + ": directory", "a directory that save of a task wrote");
        shelf.require(name, again);
        TaskHead<?, ?> head = TaskDirectories.read(directory, encoder, trust);
        return put(name, head, Optional.of(directory), again);
    }

    /**
     * Takes a task of this program under a name that is free, as it is now.
     *
     * @param name the name, which could be that of a folder
     * @param task a task over the encoder of this server, with the same pooling
     * @return what was taken
     * @throws IllegalArgumentException as {@link #load}, or if the task has another encoder
     * @throws IllegalStateException if nothing was learned yet, or all weights were
     */
    public LoadedTask register(String name, TextTask<?, ?, ?, ?, ?> task) {
        requireTrusted("TextServer.register", required(task)::receipt);
        return take("TextServer.register", name, task.taskHead(), false);
    }

    /**
     * Takes a sentence encoder of this program under a name that is free, as it is now.
     *
     * @param name the name, which could be that of a folder
     * @param vectors one over the encoder of this server, with the same pooling
     * @return what was taken
     * @throws IllegalArgumentException as {@link #register(String, TextTask)}
     * @throws IllegalStateException as {@link #register(String, TextTask)}
     */
    public LoadedTask register(String name, SentenceEncoder vectors) {
        requireTrusted("TextServer.register", required(vectors)::receipt);
        return take("TextServer.register", name, vectors.taskHead(), false);
    }

    /**
     * Exchanges the adapter of a name for a task of this program, as {@link #replace(String, Path)} does.
     *
     * @param name a name that is loaded
     * @param task as for {@link #register(String, TextTask)}
     * @return what was taken
     * @throws IllegalArgumentException as {@link #register(String, TextTask)}, or if the name is not loaded
     * @throws IllegalStateException as {@link #register(String, TextTask)}
     */
    public LoadedTask replace(String name, TextTask<?, ?, ?, ?, ?> task) {
        requireTrusted("TextServer.replace", required(task)::receipt);
        return take("TextServer.replace", name, task.taskHead(), true);
    }

    /**
     * Exchanges the adapter of a name for a sentence encoder of this program, as {@link #replace(String, Path)} does.
     *
     * @param name a name that is loaded
     * @param vectors as for {@link #register(String, SentenceEncoder)}
     * @return what was taken
     * @throws IllegalArgumentException as {@link #register(String, TextTask)}, or if the name is not loaded
     * @throws IllegalStateException as {@link #register(String, TextTask)}
     */
    public LoadedTask replace(String name, SentenceEncoder vectors) {
        requireTrusted("TextServer.replace", required(vectors)::receipt);
        return take("TextServer.replace", name, vectors.taskHead(), true);
    }

    /** A receipt is put together when it is asked for, which takes a while. */
    private void requireTrusted(String call, Supplier<Optional<Receipt>> receipt) {
        if (trust.requiresReceipt() || trust.requiresSignature()) {
            trust.requireValue(call, receipt.get());
        }
    }

    private static <T> T required(T task) {
        return Arguments.required(task, "TextServer: task", "a task that has learned");
    }

    private LoadedTask take(String call, String name, TaskHead<?, ?> head, boolean again) {
        Arguments.required(name, call + ": name", NAME);
        shelf.require(name, again);
        Problems problems = new Problems();
        problems.check(
                head.encoder().weights() == encoder.weights(),
                "the task has weights of its own, expected those of the encoder of this server: make it over the same"
                        + " TextEncoder, or save it and load its directory");
        problems.check(
                head.encoder().pooling().equals(encoder.pooling()),
                "the task has the pooling " + head.encoder().pooling() + ", expected " + encoder.pooling());
        problems.throwIfAny(call);
        return put(name, head, Optional.empty(), again);
    }

    private LoadedTask put(String name, TaskHead<?, ?> head, Optional<Path> directory, boolean again) {
        LoadedTask[] put = new LoadedTask[1];
        routes.adding(name, () -> put[0] = shelf.put(name, head, directory, again));
        return put[0];
    }

    /**
     * Unloads an adapter. Requests that were accepted are answered with it.
     *
     * @param name a name that is loaded
     * @throws org.lora4j.serve.UnknownAdapterException if it is not loaded
     * @throws IllegalStateException if an alias points to it, tries it or can go back to it; the message says what to do
     * @throws ServerClosedException if the server takes no more
     */
    public void unload(String name) {
        Arguments.required(name, "TextServer.unload: name", NAME);
        routes.removing(name, () -> shelf.remove(name));
    }

    /**
     * What is loaded.
     *
     * @return all adapters by name, without the base
     */
    public List<LoadedTask> tasks() {
        return shelf.all();
    }

    /**
     * What a name means now.
     *
     * @param name that of an adapter, an alias, or {@link #BASE}
     * @return the adapter, of an alias the one that it points to
     * @throws org.lora4j.serve.UnknownAdapterException if there is none
     */
    public LoadedTask task(String name) {
        Arguments.required(name, "TextServer.task: name", NAME);
        return shelf.described(
                routes.aliases().contains(name) ? routes.status(name).current() : name);
    }

    /**
     * Aliases and candidates. A request may name an alias wherever it may name an adapter.
     *
     * @return the live table
     */
    public Routes routes() {
        return routes;
    }

    /**
     * Asks for labels of texts, or of pairs of texts.
     *
     * @param adapter the name of a classifier, or an alias
     * @param inputs texts for one of texts, pairs for one of pairs
     * @param options what is asked of the request
     * @return the answer when it is there. It fails with a {@link java.util.concurrent.TimeoutException} if the time is over, and with an
     *     {@link IllegalStateException} if it cannot be computed; cancelling it takes what waits out of the queue
     * @throws org.lora4j.serve.UnknownAdapterException if there is no such adapter
     * @throws WrongTaskException if it is for something else
     * @throws TextLimitException if there are more or longer inputs than the server takes
     * @throws ServerBusyException if too much waits already
     * @throws ServerClosedException if the server takes no more
     * @throws IllegalArgumentException if there is no input, or one is empty; the message lists them
     */
    public CompletableFuture<TextAnswer<ClassScores>> classify(
            String adapter, List<TextInput> inputs, RequestOptions options) {
        Arguments.allRequired(inputs, "TextServer.classify: inputs", "an input, such as TextInput.of(text)");
        return submit("classify", adapter, TextWorks.classify(List.copyOf(inputs)), options);
    }

    /**
     * Asks for labels of texts, or of pairs of texts, with the usual options.
     *
     * @param adapter the name of a classifier, or an alias
     * @param inputs texts for one of texts, pairs for one of pairs
     * @return as {@link #classify(String, List, RequestOptions)}
     */
    public CompletableFuture<TextAnswer<ClassScores>> classify(String adapter, List<TextInput> inputs) {
        return classify(adapter, inputs, RequestOptions.usual());
    }

    /**
     * Asks for a tag for each word.
     *
     * @param adapter the name of a token classifier, or an alias
     * @param words the words of each text, such as {@link org.lora4j.text.LabeledWords#split} gives them
     * @param options what is asked of the request
     * @return the answer, as of {@link #classify(String, List, RequestOptions)}, which also says what is thrown
     */
    public CompletableFuture<TextAnswer<TaggedWords>> tag(
            String adapter, List<List<String>> words, RequestOptions options) {
        Arguments.allRequired(words, "TextServer.tag: words", "a list of words");
        List<List<String>> copies = words.stream()
                .map(one -> List.copyOf(Arguments.allRequired(one, "TextServer.tag: words", "a word")))
                .toList();
        return submit("tag", adapter, TextWorks.tag(copies), options);
    }

    /**
     * Asks for a number for each text.
     *
     * @param adapter the name of a regressor, or an alias
     * @param texts the texts
     * @param options what is asked of the request
     * @return the answer, as of {@link #classify(String, List, RequestOptions)}, which also says what is thrown
     */
    public CompletableFuture<TextAnswer<Double>> regress(String adapter, List<String> texts, RequestOptions options) {
        Arguments.allRequired(texts, "TextServer.regress: texts", TEXTS);
        return submit("regress", adapter, TextWorks.regress(List.copyOf(texts)), options);
    }

    /**
     * Asks how relevant passages are for a query.
     *
     * @param adapter the name of a re-ranker, or an alias
     * @param query the query
     * @param passages the passages
     * @param options what is asked of the request
     * @return a score for each passage, in their order; as of {@link #classify(String, List, RequestOptions)}, which also says what is thrown
     */
    public CompletableFuture<TextAnswer<PassageScore>> rerank(
            String adapter, String query, List<String> passages, RequestOptions options) {
        Arguments.required(query, "TextServer.rerank: query", TEXTS);
        Arguments.allRequired(passages, "TextServer.rerank: passages", TEXTS);
        return rerank(
                adapter,
                passages.stream().map(passage -> TextInput.of(query, passage)).toList(),
                options);
    }

    /**
     * Asks how relevant passages are, each for a query of its own. All are scored by the adapter that the request began with.
     *
     * @param adapter the name of a re-ranker, or an alias
     * @param pairs a query and a passage each
     * @param options what is asked of the request
     * @return a score for each pair, in their order; as of {@link #classify(String, List, RequestOptions)}, which also says what is thrown
     */
    public CompletableFuture<TextAnswer<PassageScore>> rerank(
            String adapter, List<TextInput> pairs, RequestOptions options) {
        Arguments.allRequired(
                pairs, "TextServer.rerank: pairs", "a query and a passage, such as TextInput.of(query, text)");
        return submit("rerank", adapter, TextWorks.rerank(List.copyOf(pairs)), options);
    }

    /**
     * Asks for a vector for each text.
     *
     * @param adapter the name of an adapter of any kind, an alias, or {@link #BASE}: the vectors of the encoder with its factors
     * @param texts the texts
     * @param vectors which vectors
     * @param options what is asked of the request
     * @return the answer, as of {@link #classify(String, List, RequestOptions)}, which also says what is thrown
     */
    public CompletableFuture<TextAnswer<float[]>> embed(
            String adapter, List<String> texts, VectorOptions vectors, RequestOptions options) {
        Arguments.allRequired(texts, "TextServer.embed: texts", TEXTS);
        Arguments.required(vectors, "TextServer.embed: vectors", "which vectors, such as VectorOptions.usual()");
        vectors.requireWithin(encoder.dimension());
        return submit("embed", adapter, TextWorks.embed(List.copyOf(texts), vectors, unitLength), options);
    }

    /**
     * Asks for a vector for each text, with the usual options.
     *
     * @param adapter the name of an adapter of any kind, an alias, or {@link #BASE}
     * @param texts the texts
     * @return as {@link #embed(String, List, VectorOptions, RequestOptions)}
     */
    public CompletableFuture<TextAnswer<float[]>> embed(String adapter, List<String> texts) {
        return embed(adapter, texts, VectorOptions.usual(), RequestOptions.usual());
    }

    /**
     * Asks for the vectors of all tokens of each text, special tokens included, as the last layer gives them.
     *
     * @param adapter the name of an adapter of any kind, an alias, or {@link #BASE}
     * @param texts the texts
     * @param vectors which vectors
     * @param options what is asked of the request
     * @return for each text a vector for each token; as of {@link #classify(String, List, RequestOptions)}, which also says what is thrown
     */
    public CompletableFuture<TextAnswer<float[][]>> embedTokens(
            String adapter, List<String> texts, VectorOptions vectors, RequestOptions options) {
        Arguments.allRequired(texts, "TextServer.embedTokens: texts", TEXTS);
        Arguments.required(vectors, "TextServer.embedTokens: vectors", "which vectors, such as VectorOptions.usual()");
        vectors.requireWithin(encoder.weights().config().hidden());
        return submit("embedTokens", adapter, TextWorks.embedTokens(List.copyOf(texts), vectors), options);
    }

    /**
     * Asks how near sentences are to another one.
     *
     * @param adapter the name of an adapter of any kind, an alias, or {@link #BASE}
     * @param source the one
     * @param sentences the others
     * @param vectors which vectors are compared
     * @param options what is asked of the request
     * @return for each sentence how near it is, by {@link TextEncoder#similarity}; as of {@link #classify(String, List, RequestOptions)},
     *     which also says what is thrown
     */
    public CompletableFuture<TextAnswer<Double>> similarity(
            String adapter, String source, List<String> sentences, VectorOptions vectors, RequestOptions options) {
        Arguments.required(source, "TextServer.similarity: source", TEXTS);
        Arguments.allRequired(sentences, "TextServer.similarity: sentences", TEXTS);
        Arguments.required(vectors, "TextServer.similarity: vectors", "which vectors, such as VectorOptions.usual()");
        vectors.requireWithin(encoder.dimension());
        return submit(
                "similarity",
                adapter,
                TextWorks.similarity(source, List.copyOf(sentences), vectors, unitLength, encoder.similarity()),
                options);
    }

    private <V, R> CompletableFuture<TextAnswer<R>> submit(
            String call, String adapter, TextWork<V, R> work, RequestOptions options) {
        Arguments.required(adapter, "TextServer." + call + ": adapter", NAME);
        Arguments.required(options, "TextServer." + call + ": options", "such as RequestOptions.usual()");
        RouteChoice choice = routes.resolve(adapter, options.key());
        return new TextRequest<>(room, work, options, choice, watching(choice)).begin();
    }

    private BiConsumer<ServedBy, float[]> watching(RouteChoice choice) {
        WatchedInputs inputs = watched.get(choice.asked());
        // A candidate makes other vectors, which would empty the window.
        return inputs == null || choice.role() == RouteRole.CANARY ? (by, vector) -> {} : inputs::add;
    }

    /**
     * The tokens of a text, which may be longer than what the encoder reads.
     *
     * @param text any text
     * @param specialTokens whether the marks that the encoder expects around a text are put there
     * @return the tokens with their places
     * @throws IllegalStateException if the tokenizer of the encoder is one of a program
     * @throws TextLimitException if the text has more characters or tokens than the server takes
     */
    public List<Token> tokenize(String text, boolean specialTokens) {
        Arguments.required(text, "TextServer.tokenize: text", TEXTS);
        if (text.length() > limits.characters()) {
            throw new TextLimitException(
                    TextLimitException.Limit.CHARACTERS,
                    "TextServer.tokenize: the text has " + text.length() + " characters; expected at most "
                            + limits.characters() + ". Cut it, or raise characters of the limits.");
        }
        // One more than may be: so much is enough to refuse it.
        int longest = Math.min(limits.tokens(), Integer.MAX_VALUE - 1) + 1;
        List<Token> tokens = tokenizer("tokenize").pieces(text, specialTokens, longest);
        if (tokens.size() >= longest) {
            throw new TextLimitException(
                    TextLimitException.Limit.TOKENS,
                    "TextServer.tokenize: the text has more than " + limits.tokens()
                            + " tokens; expected at most so many. Cut it, or raise tokens of the limits.");
        }
        return tokens;
    }

    /**
     * The text of tokens.
     *
     * @param ids ids of the encoder's vocabulary
     * @param skipSpecialTokens whether marks such as those around a text are left out
     * @return the text
     * @throws IllegalArgumentException if an id is not in the vocabulary; the message lists them
     * @throws IllegalStateException if the tokenizer of the encoder is one of a program
     * @throws TextLimitException if there are more tokens than the server takes
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        Arguments.required(ids, "TextServer.decode: ids", "ids of tokens");
        if (ids.length > limits.tokens()) {
            throw new TextLimitException(
                    TextLimitException.Limit.TOKENS,
                    "TextServer.decode: " + ids.length + " tokens; expected at most " + limits.tokens()
                            + ". Ask several times, or raise tokens of the limits.");
        }
        return tokenizer("decode").decode(ids, skipSpecialTokens);
    }

    private HuggingFaceTextTokenizer tokenizer(String call) {
        if (encoder.tokenizer() instanceof HuggingFaceTextTokenizer ours) {
            return ours;
        }
        throw new IllegalStateException("TextServer." + call + ": the tokenizer of the encoder is a "
                + encoder.tokenizer().getClass().getSimpleName()
                + "; expected a HuggingFaceTextTokenizer, which knows the text of its tokens.");
    }

    /**
     * Keeps the vectors of what is asked of a name, to compare them with those of training texts: {@link #drift}. No text of a request is
     * kept.
     *
     * @param name that of an adapter or an alias
     * @param trainingTexts texts that the adapter learned from, or some of them
     * @param window how many vectors are kept, the last ones
     * @throws IllegalArgumentException if there is no such name, there are no texts, or the window is below 1
     */
    public void watch(String name, List<String> trainingTexts, int window) {
        Arguments.required(name, "TextServer.watch: name", NAME);
        Arguments.allRequired(trainingTexts, "TextServer.watch: trainingTexts", TEXTS);
        Problems problems = new Problems();
        problems.atLeast("window", window, 1);
        problems.check(!trainingTexts.isEmpty(), "no training texts, expected some to compare with");
        problems.throwIfAny("TextServer.watch");
        task(name);
        watched.put(name, new WatchedInputs(trainingTexts, window));
    }

    /**
     * Vectors of training texts and of the last requests of a name that is watched. Those of the training texts are computed when they are
     * first asked for, and again after the adapter was exchanged.
     *
     * @param name that of an adapter or an alias
     * @return both, by the adapter that the name has now; empty if the name is not watched
     * @throws IllegalArgumentException if there is no such name
     * @throws IllegalStateException if the vectors cannot be computed
     */
    public Optional<DriftWindow> drift(String name) {
        Arguments.required(name, "TextServer.drift: name", NAME);
        WatchedInputs inputs = watched.get(name);
        if (inputs == null) {
            return Optional.empty();
        }
        LoadedTask now = task(name);
        if (!inputs.hasReference(now.by())) {
            compare(inputs, now.name());
        }
        return Optional.of(inputs.window());
    }

    /** All by one generation, and no request of anybody. */
    private void compare(WatchedInputs inputs, String adapter) {
        TextLimits any = new TextLimits(
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                Integer.MAX_VALUE,
                limits.batchRows(),
                limits.batchTokens(),
                limits.time());
        TextWork<float[], float[]> work = TextWorks.embed(inputs.texts(), VectorOptions.usual(), unitLength);
        open.enter();
        TaskEntry entry = shelf.lease(adapter);
        try {
            TextJob<float[]> job = new TextJob<>(entry, false, work.rows(entry, any, true), vector -> {});
            queue.add(adapter, job.rows(), Integer.MAX_VALUE);
            inputs.reference(entry.by(), job.done().join());
        } catch (CompletionException e) {
            throw new IllegalStateException("TextServer.drift: " + e.getCause().getMessage(), e);
        } finally {
            shelf.giveBack(entry);
            open.leave();
        }
    }

    /**
     * The encoder.
     *
     * @return the encoder whose texts are served
     */
    public TextEncoder encoder() {
        return encoder;
    }

    /**
     * How much the server takes.
     *
     * @return the limits
     */
    public TextLimits limits() {
        return limits;
    }

    /**
     * What the server did and has to do.
     *
     * @return a value of now
     */
    public TextServerMetrics metrics() {
        return counts.metrics(queue, batches, open.open(), shelf);
    }

    /**
     * Whether requests are taken.
     *
     * @return false from {@link #drain} or {@link #close} on
     */
    public boolean accepts() {
        return !open.isClosed();
    }

    /**
     * Takes no more requests and changes, and waits until those that were accepted are done. Close the server then.
     *
     * @param atMost how long to wait
     * @return whether all are done
     * @throws InterruptedException if the thread is interrupted meanwhile; the requests go on
     */
    public boolean drain(Duration atMost) throws InterruptedException {
        Arguments.required(atMost, "TextServer.drain: atMost", "a duration");
        shelf.close();
        return open.drain(atMost);
    }

    /**
     * Takes no more requests and changes, answers those that were accepted, and frees what the server holds; the encoder is left as it is.
     * May be called from any thread, and again without effect. From a thread of the server it returns at once, and the server frees what it
     * holds when it is done.
     */
    @Override
    public void close() {
        shelf.close();
        open.close();
        queue.close();
        boolean interrupted = false;
        for (Thread worker : workers) {
            while (worker.isAlive() && !workers.contains(Thread.currentThread())) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "TextServer[" + encoder + ", " + shelf.names().size() + " adapters, " + queue.waiting() + " texts wait]";
    }

    /**
     * Describes a server.
     *
     * @apiNote Status: experimental
     */
    public static final class Builder {

        private final TextEncoder encoder;
        private TextLimits limits = TextLimits.usual();
        private int workers = Runtime.getRuntime().availableProcessors();
        private long adapterMemory = Long.MAX_VALUE;
        private Optional<TrustPolicy> trust = Optional.empty();

        private Builder(TextEncoder encoder) {
            this.encoder = encoder;
        }

        /**
         * Sets how much the server takes.
         *
         * @param value the limits; {@link TextLimits#usual} by default
         * @return this
         */
        public Builder limits(TextLimits value) {
            limits = Arguments.required(value, "TextServer: limits", "limits, such as TextLimits.usual()");
            return this;
        }

        /**
         * Sets how many batches are computed side by side, each by one thread.
         *
         * @param count 1 or more; the number of processors by default
         * @return this
         */
        public Builder workers(int count) {
            workers = count;
            return this;
        }

        /**
         * Limits the memory of factors of adapters. Beyond it loading is refused.
         *
         * @param bytes 1 or more; no limit by default
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
            trust = Optional.of(
                    Arguments.required(policy, "TextServer: trust", "a policy, such as TrustPolicy.usual().strict()"));
            return this;
        }

        /**
         * Builds the server and starts it; there is no adapter yet.
         *
         * @return a server
         * @throws IllegalArgumentException if a setting is out of range; the message lists all
         * @throws UncheckedIOException if the tokenizer of the encoder cannot be opened again, which a policy needs
         */
        public TextServer build() {
            Problems problems = new Problems();
            problems.atLeast("workers", workers, 1);
            problems.atLeast("adapterMemory", adapterMemory, 1);
            problems.throwIfAny("TextServer");
            if (trust.isEmpty()) {
                return new TextServer(this, encoder);
            }
            try {
                return new TextServer(this, encoder.withTrust(trust.get()));
            } catch (IOException e) {
                throw new UncheckedIOException("TextServer: " + e.getMessage(), e);
            }
        }
    }
}
