/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LayerReplication;
import org.lora4j.error.Arguments;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.internal.language.DecoderGraph;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.WeightStorage;
import org.lora4j.internal.language.decode.DecodeModel;
import org.lora4j.internal.language.decode.DecodeSession;
import org.lora4j.internal.language.decode.DecoderTensors;
import org.lora4j.internal.language.decode.ModuleUpdates;
import org.lora4j.internal.language.sampling.Candidates;
import org.lora4j.internal.language.sampling.GenerationState;
import org.lora4j.internal.language.sampling.GenerationValues;
import org.lora4j.internal.language.sampling.Logits;
import org.lora4j.internal.language.sampling.Parameter;
import org.lora4j.internal.language.sampling.TextPieces;
import org.lora4j.quant.StoredWeight;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.FitReport;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A decoder language model from a directory as Transformers saves it: text from a prompt, and a graph that adapters go into.
 *
 * <pre>{@code
 * try (CausalLm model = CausalLm.load(directory)) {
 *     System.out.println(model.generate("Once upon a time", GenerationConfig.greedy(40)).text());
 * }
 * }</pre>
 *
 * <p>Families by {@code model_type}: llama, mistral, qwen2, qwen3, gemma, gemma2, gemma3_text, phi3, gpt2, gpt_neox, olmo2,
 * granite, smollm3. Modules have the names of Python's classes, so adapters of PEFT fit, and those trained here fit there.
 *
 * <p>Generating multiplies the weights as they are stored; what adapters act on {@link #model()}, and how they are, is
 * looked at when a call begins. Low-rank pairs are added to what a module gives; other methods are merged into copies of the
 * weights that they change, for the time of the call.
 *
 * <p><b>State.</b> The weights that were read, which nobody writes to; weights of its own, once a {@link CausalLmTrainer} has
 * trained all of them; and {@link #model()}. What was trained is what answers, and what {@link #save} and {@link #export} write;
 * {@link #base()} is the model as it was read.
 *
 * <p><b>Threads.</b> Any number may generate at the same time, each with a cache of its own; changing {@link #model()} is for one
 * thread, and not meanwhile.
 *
 * @apiNote Status: stable
 */
public final class CausalLm implements AutoCloseable {

    /** Sequences that go through the model together, at most: each has a cache. */
    private static final int SIDE_BY_SIDE = 16;

    /**
     * How the matrices of a model are kept in memory.
     *
     * @apiNote Status: stable
     */
    public enum Storage {
        /** In the type of the file: F32, F16 or BF16. Exact. */
        AS_STORED(WeightStorage.AS_STORED),
        /** 8 bits and a scale for each output, {@link org.lora4j.quant.Int8}. */
        INT8(WeightStorage.INT8),
        /** 4 bits and a scale for each 64 values, {@link org.lora4j.quant.Nf4}; what does not divide so is kept as stored. */
        NF4(WeightStorage.NF4);

        private final WeightStorage storage;

        Storage(WeightStorage storage) {
            this.storage = storage;
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(CausalLm.class);

    /** In the place of the name of an adapter. */
    static final String ALL_WEIGHTS = "";

    /** Calls that were given no seed, so that two at the same moment have different ones. */
    private static final AtomicLong WITHOUT_SEED = new AtomicLong();

    private final Path directory;
    private final Optional<LayerReplication> replication;
    private final DecoderWeights read;
    private final Optional<LanguageTokenizer> tokenizer;
    private final Optional<ChatTemplate> chatTemplate;
    private final List<Integer> ends;
    private final Object lock = new Object();
    private volatile Live live;
    private volatile FitReport report;
    private final Map<String, LmEvidence> evidence = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** Weights and what reads them, which are exchanged together. */
    private static final class Live {

        private final DecoderWeights weights;
        private volatile DecodeModel decoding;
        /** Made when it is asked for first: who only generates needs no graph. */
        private volatile AdaptedSameDiff model;

        Live(DecoderWeights weights) {
            this.weights = weights;
            this.decoding = new DecodeModel(weights.config(), tensors(weights));
        }
    }

    private CausalLm(
            Path directory,
            Optional<LayerReplication> replication,
            DecoderWeights read,
            Live live,
            Optional<LanguageTokenizer> tokenizer,
            Optional<ChatTemplate> chatTemplate,
            List<Integer> ends) {
        this.directory = directory;
        this.replication = replication;
        this.read = read;
        this.live = live;
        this.tokenizer = tokenizer;
        this.chatTemplate = chatTemplate;
        this.ends = ends;
    }

    CausalLm(
            Path directory,
            DecoderWeights weights,
            Optional<LanguageTokenizer> tokenizer,
            Optional<ChatTemplate> chatTemplate,
            List<Integer> ends) {
        this(directory, Optional.empty(), weights, new Live(weights), tokenizer, chatTemplate, ends);
    }

    DecoderWeights weights() {
        return live.weights;
    }

    DecodeModel decoding() {
        return live.decoding;
    }

    private static DecoderTensors tensors(DecoderWeights weights) {
        return new DecoderTensors() {
            @Override
            public INDArray array(String name) {
                return weights.array(name);
            }

            @Override
            public Optional<StoredWeight> stored(String name) {
                return weights.array(name) == null ? weights.stored(name) : Optional.empty();
            }
        };
    }

    /**
     * Reads a model, its weights in the type of the file.
     *
     * @param directory as {@code save_pretrained} of Transformers writes it, or as {@link #save} does
     * @param baseFolders folders in which, or below which, the base of saved adapters may lie; nothing else is opened, all links
     *     followed
     * @return the model, with the adapters that it was saved with
     * @throws ModelFormatException as {@link #load(Path, Storage, Path...)}
     * @throws IncompatibleBaseException likewise
     * @throws IOException likewise
     */
    public static CausalLm load(Path directory, Path... baseFolders) throws IOException {
        return load(directory, Storage.AS_STORED, baseFolders);
    }

    /**
     * Reads adapters that {@link #save} or PEFT wrote, for a base that is in memory.
     *
     * @param directory as for {@link #load(Path, Path...)}; or a directory of PEFT
     * @param base the model that they were trained on; its weights and its tokenizer are shared, its adapters and what it has
     *     learned are not
     * @return the model with the adapters
     * @throws IncompatibleBaseException if it was saved for another base
     * @throws IOException if a file is damaged or cannot be read
     */
    public static CausalLm load(Path directory, CausalLm base) throws IOException {
        return load(directory, base, TrustPolicy.usual());
    }

    /**
     * Reads adapters for a base that is in memory, as {@link #load(Path, CausalLm)}.
     *
     * @param directory likewise
     * @param base likewise
     * @param policy what is asked of the directory: receipts, a signature, the same base
     * @return the model with the adapters
     * @throws IncompatibleBaseException if it was trained on another base, or with another tokenizer or chat template, and the policy
     *     does not allow that
     * @throws org.lora4j.trust.UnverifiedModelException if it is not signed, or has no receipt, as the policy asks for
     * @throws IOException if a file is damaged or cannot be read
     */
    public static CausalLm load(Path directory, CausalLm base, TrustPolicy policy) throws IOException {
        Arguments.required(directory, "CausalLm.load: directory", "a directory that save wrote");
        Arguments.required(base, "CausalLm.load: base", "the model that it was trained on");
        Arguments.required(policy, "CausalLm.load: policy", "one, such as TrustPolicy.usual().strict()");
        try (TrustPolicy.Opened opened = policy.open(directory)) {
            return SavedModel.read(opened.path(), directory, base.base(), policy);
        }
    }

    /**
     * Reads a model.
     *
     * @param directory {@code config.json}, {@code model.safetensors} or an index and its shards; {@code tokenizer.json}, a
     *     chat template and {@code generation_config.json}, if they are there; or as {@link #save} writes it
     * @param storage how matrices are kept
     * @param baseFolders where the base of a model that was saved may lie
     * @return the model, with the adapters that it was saved with
     * @throws IncompatibleBaseException if the base of a saved model is not below the folders, or is another one
     * @throws ModelFormatException if a file is damaged or of another format, the family is not known, or tensors are missing,
     *     unexpected, of a wrong shape or type, or not finite; before memory is taken for weights, but for the last; the
     *     message lists every problem
     * @throws IOException if a file does not exist or cannot be read
     * @throws IllegalStateException if there is a {@code tokenizer.json} and the library that reads it is missing
     */
    public static CausalLm load(Path directory, Storage storage, Path... baseFolders) throws IOException {
        Arguments.required(directory, "CausalLm.load: directory", "a directory of a model");
        Arguments.required(storage, "CausalLm.load: storage", "how matrices are kept, such as Storage.AS_STORED");
        Arguments.required(baseFolders, "CausalLm.load: baseFolders", "folders, or nothing");
        Arguments.allRequired(Arrays.asList(baseFolders), "CausalLm.load: baseFolders", "a folder");
        return SavedModel.isSaved(directory)
                ? SavedModel.read(directory, directory, storage, TrustPolicy.usual(), baseFolders)
                : loadPlain(directory, storage);
    }

    /**
     * Reads a model, as {@link #load(Path, Storage, Path...)}.
     *
     * @param directory likewise
     * @param storage how matrices are kept
     * @param policy what is asked of the directory: receipts, a signature, the same base. With trusted keys, a directory with all weights
     *     is copied to a temporary folder first
     * @param baseFolders where the base of a model that was saved may lie
     * @return the model, with the adapters that it was saved with
     * @throws org.lora4j.trust.UnverifiedModelException if it is not signed, or has no receipt, as the policy asks for
     * @throws IOException as {@link #load(Path, Storage, Path...)}
     */
    public static CausalLm load(Path directory, Storage storage, TrustPolicy policy, Path... baseFolders)
            throws IOException {
        Arguments.required(directory, "CausalLm.load: directory", "a directory of a model");
        Arguments.required(storage, "CausalLm.load: storage", "how matrices are kept, such as Storage.AS_STORED");
        Arguments.required(policy, "CausalLm.load: policy", "one, such as TrustPolicy.usual().strict()");
        Arguments.allRequired(Arrays.asList(baseFolders), "CausalLm.load: baseFolders", "a folder");
        try (TrustPolicy.Opened opened = policy.open(directory)) {
            if (SavedModel.isSaved(opened.path())) {
                return SavedModel.read(opened.path(), directory, storage, policy, baseFolders);
            }
            policy.requireReceipt(directory, Optional.empty());
            return loadPlain(opened.path(), directory, storage);
        }
    }

    /** Reads a model of Hugging Face. */
    static CausalLm loadPlain(Path directory, Storage storage) throws IOException {
        return loadPlain(directory, directory, storage);
    }

    /** Reads a model of Hugging Face that is a copy of the directory that it is called by. */
    static CausalLm loadPlain(Path directory, Path named, Storage storage) throws IOException {
        DecoderWeights weights = DecoderWeights.read(directory, storage.storage).inTiles(DecodeModel::rowsOfTile);
        Optional<LanguageTokenizer> tokenizer = LanguageTokenizer.find(directory);
        Set<String> slow = weights.formsWithout(DecodeModel::isFast);
        if (slow.isEmpty()) {
            LOG.info("CausalLm: {}", weights);
        } else {
            LOG.info(
                    "CausalLm: {}. A token takes longer in {} than in F32 here; {}.",
                    weights,
                    String.join(" and ", slow),
                    DecodeModel.fastForms());
        }
        List<Integer> ends =
                tokenizer.map(known -> List.copyOf(known.stopIds())).orElseGet(List::of);
        return new CausalLm(named, weights, tokenizer, ChatTemplate.find(directory), ends);
    }

    /**
     * The model as it was read: without adapters, and without what it has learned since.
     *
     * @return another model, which shares the weights that were read and the tokenizer; closing either closes the tokenizer
     */
    public CausalLm base() {
        return over(replication, read);
    }

    /**
     * In which forms the matrices of this model are kept. Its content is that of its files all the same: a receipt of a training on the
     * same files is one of this base, in however few bits it is kept here.
     *
     * @return such as {@code [INT8]}; of a model with several forms, all of them
     */
    public Set<String> storedAs() {
        Set<String> forms = weights().formsWithout(weight -> false);
        return forms.isEmpty() ? Set.of("F32") : Collections.unmodifiableSet(forms);
    }

    private CausalLm over(Optional<LayerReplication> layers, DecoderWeights weights) {
        return new CausalLm(directory, layers, weights, new Live(weights), tokenizer, chatTemplate, ends);
    }

    /**
     * A deeper model that repeats layers of this one, for adapters with a {@code layer_replication}. Copies of a layer share its
     * weights.
     *
     * @param replication which layers, one after the other
     * @return the model, without adapters; it shares tokenizer and weights
     * @throws IllegalArgumentException if it names layers that are not here
     */
    public CausalLm replicated(LayerReplication replication) {
        Arguments.required(replication, "CausalLm.replicated: replication", "layers to repeat");
        return over(Optional.of(replication), weights().replicated(replication));
    }

    /**
     * The model as a graph that adapters go into: add, load, activate, disable, merge, train. Its state decides what {@link
     * #generate} does.
     *
     * @return the live model; another one after all weights were trained
     */
    public AdaptedSameDiff model() {
        synchronized (lock) {
            if (live.model == null) {
                live.model = AdaptedSameDiff.of(DecoderGraph.of(live.weights, DataType.FLOAT));
            }
            return live.model;
        }
    }

    /** A session with the adapters that act now. */
    DecodeSession session() {
        requireOpen("CausalLm");
        Live now = live;
        AdaptedSameDiff adapted = now.model;
        return new DecodeSession(
                now.decoding, adapted == null ? ModuleUpdates.NONE : ActingAdapters.of(adapted, now.weights));
    }

    void requireOpen(String call) {
        if (closed) {
            throw new IllegalStateException(call + ": the model is closed; expected one that is open. Load it again.");
        }
    }

    /** The graph with its adapters, if somebody has asked for it. */
    Optional<AdaptedSameDiff> adapted() {
        return Optional.ofNullable(live.model);
    }

    /** Whether all weights were trained, so that they are not those of the directory. */
    boolean hasOwnWeights() {
        return live.weights != read;
    }

    Path directory() {
        return directory;
    }

    Optional<LayerReplication> replication() {
        return replication;
    }

    /**
     * Writes what was trained, for {@link #load(Path, Path...)}: all weights, if they were, as a directory of Hugging Face, else
     * the adapters as PEFT writes them; and beside them {@code lora4j_language.json} with the base, which adapters act, and the
     * {@link #report}.
     *
     * @param directory where to; made if missing. An earlier save there is replaced whole; a directory with other files is refused
     * @throws IOException if it is refused or cannot be written; what was there before is unchanged then
     * @throws IllegalStateException if nothing was trained and there is no adapter, layers are replicated, or the model is closed
     */
    public void save(Path directory) throws IOException {
        Arguments.required(directory, "CausalLm.save: directory", "a directory to write to");
        requireOpen("CausalLm.save");
        SavedModel.write(this, directory);
    }

    /**
     * Writes what was trained where others run it: a directory of Hugging Face with all weights, the adapters that act merged into
     * them. {@code CausalLmExport.of(model)} of the artifact {@code lora-dl4j-export} has more options, and {@code
     * GgufExport.of(model)} writes for llama.cpp.
     *
     * @param directory where to; must not exist
     * @throws IOException if it exists or cannot be written; nothing is left behind then
     * @throws IllegalStateException if {@code lora-dl4j-export} is not on the class path, layers are replicated, or the model is
     *     closed
     */
    public void export(Path directory) throws IOException {
        Arguments.required(directory, "CausalLm.export: directory", "a directory to write to");
        requireOpen("CausalLm.export");
        ServiceLoader.load(CausalLmExporter.class, CausalLmExporter.class.getClassLoader())
                .findFirst()
                .orElseThrow(
                        () -> new IllegalStateException("CausalLm.export: nothing on the class path writes directories"
                                + " of Hugging Face; expected the artifact org.lora4j:lora-dl4j-export. Add it to the"
                                + " dependencies."))
                .export(this, directory);
    }

    /**
     * What an export writes: where the files of the base are, the weights if they are others, and the adapters that act.
     *
     * @return the parts, as they are now
     * @throws IllegalStateException if layers are replicated, which no files of the base describe
     */
    public CausalLmExporter.Parts exportParts() {
        requireOpen("CausalLm.exportParts");
        SavedModel.requirePlainLayers(this, "export");
        return CausalLmExporter.Parts.of(this);
    }

    /**
     * What the last training did.
     *
     * @return the report: the {@link LmFitReport} of a trainer, or what {@link #save} wrote of it
     * @throws IllegalStateException if nothing was trained: not by this model, and not before it was saved
     */
    public FitReport report() {
        FitReport last = report;
        if (last == null) {
            throw new IllegalStateException(
                    "CausalLm.report: nothing was trained; expected a model that learned. Call fit of a"
                            + " CausalLmTrainer first.");
        }
        return last;
    }

    Optional<FitReport> lastReport() {
        return Optional.ofNullable(report);
    }

    void learned(FitReport last) {
        report = last;
    }

    /** Takes note of what a training of an adapter was, or, under {@link #ALL_WEIGHTS}, of all weights. */
    void learned(String adapter, LmEvidence of) {
        evidence.put(adapter, of);
    }

    /** What the training of an adapter, or of all weights, was, as far as that is known. */
    Optional<LmEvidence> evidence(String adapter) {
        return Optional.ofNullable(evidence.get(adapter));
    }

    /** The weights as they were read. */
    DecoderWeights readWeights() {
        return read;
    }

    /**
     * What the training of an adapter was, as {@link #save} writes it beside the adapter.
     *
     * @param adapter the name of an adapter of {@link #model()}
     * @return the receipt; empty if it has none, as an adapter of Python, or was changed since
     * @throws IOException if the files of the base cannot be read
     */
    public Optional<Receipt> receipt(String adapter) throws IOException {
        Arguments.required(adapter, "CausalLm.receipt: adapter", "the name of an adapter");
        Adapter now = model().snapshot(adapter);
        Optional<LmEvidence> known = evidence(adapter);
        return known.isPresent() ? known.get().of(this, now) : Optional.empty();
    }

    /**
     * The tokenizer of the directory.
     *
     * @return the tokenizer
     * @throws IllegalStateException if there was none
     */
    public LanguageTokenizer tokenizer() {
        return tokenizer.orElseThrow(() -> new IllegalStateException("tokenizer: " + directory
                + " has no tokenizer.json; expected one for texts. Generate from token ids, or save the tokenizer there:"
                + " tokenizer.save_pretrained(directory)."));
    }

    Optional<LanguageTokenizer> tokenizerIfAny() {
        return tokenizer;
    }

    /**
     * The template of conversations.
     *
     * @return the template, if the directory has one
     */
    public Optional<ChatTemplate> chatTemplate() {
        return chatTemplate;
    }

    /**
     * The number of tokens in the vocabulary.
     *
     * @return rows of the embedding table
     */
    public int vocabularySize() {
        return read.config().vocabulary();
    }

    /**
     * The longest sequence, prompt and new tokens together.
     *
     * @return tokens
     */
    public int contextLength() {
        return read.config().context();
    }

    /**
     * Memory of the weights that answer.
     *
     * @return bytes; once all weights were trained, those that were read are kept beside them
     */
    public long bytes() {
        return weights().bytes();
    }

    /**
     * Goes on with a text.
     *
     * @param prompt the text
     * @param config how
     * @return what followed; if the config asks for several texts, the first, whose {@link Generation#sequences} are all of them
     * @throws IllegalArgumentException if the prompt has no tokens or leaves no room in the context
     */
    public Generation generate(String prompt, GenerationConfig config) {
        Arguments.required(prompt, "CausalLm.generate: prompt", "a text");
        return Generation.first(generate(List.of(prompt), config));
    }

    /**
     * Goes on with texts of any lengths, side by side.
     *
     * @param prompts the texts
     * @param config how
     * @return as of {@link #generate(List, GenerationConfig, TokenListener)}
     * @throws IllegalArgumentException likewise
     */
    public List<Generation> generate(List<String> prompts, GenerationConfig config) {
        return generate(prompts, config, token -> true);
    }

    /**
     * Goes on with texts of any lengths, side by side.
     *
     * @param prompts the texts
     * @param config how
     * @param listener hears of each token, and may end its text
     * @return for each prompt as many as {@link GenerationConfig#numReturnSequences} asks for, in the order of the prompts
     * @throws IllegalArgumentException if a prompt has no tokens or leaves no room in the context; the message lists all
     */
    public List<Generation> generate(List<String> prompts, GenerationConfig config, TokenListener listener) {
        Arguments.allRequired(prompts, "CausalLm.generate: prompts", "a text");
        List<int[]> ids = prompts.stream().map(tokenizer()::encode).toList();
        return generateIds(ids, config, listener);
    }

    /**
     * Answers a conversation, by the model's chat template.
     *
     * @param messages what was said, the last by the user
     * @param config how
     * @return the answer; if the config asks for several, the first, whose {@link Generation#sequences} are all of them
     * @throws IllegalStateException if the directory has no chat template
     * @throws ChatTemplateException if the template refuses the conversation
     */
    public Generation chat(List<ChatMessage> messages, GenerationConfig config) {
        return chat(messages, List.of(), config);
    }

    /**
     * Answers a conversation in which the model may call tools.
     *
     * @param messages what was said, the last by the user or a tool
     * @param tools what may be called, each as the template expects it: for most models a map with {@code type} and {@code
     *     function}, the latter with {@code name}, {@code description} and {@code parameters}
     * @param config how
     * @return as of {@link #chat(List, GenerationConfig)}; a call is a part of its text, in the form of the model
     * @throws IllegalStateException if the directory has no chat template
     * @throws ChatTemplateException if the template refuses the conversation, or has no place for tools
     */
    public Generation chat(List<ChatMessage> messages, List<? extends Map<String, ?>> tools, GenerationConfig config) {
        return Generation.first(generateIds(List.of(promptIds(messages, tools)), config, token -> true));
    }

    /**
     * Answers a conversation token by token.
     *
     * @param messages what was said, the last by the user
     * @param config how
     * @param listener hears of each token of the answer, and may end it; of several answers it hears of all
     * @return as of {@link #chat(List, GenerationConfig)}
     * @throws IllegalStateException if the directory has no chat template
     * @throws ChatTemplateException if the template refuses the conversation
     */
    public Generation chat(List<ChatMessage> messages, GenerationConfig config, TokenListener listener) {
        return Generation.first(generateIds(List.of(promptIds(messages, List.of())), config, listener));
    }

    /**
     * The prompt that a conversation becomes, by the model's chat template.
     *
     * @param messages what was said
     * @param tools what may be called, as for {@link #chat(List, List, GenerationConfig)}; none if nothing may
     * @return ids of tokens, at the end of which the answer begins
     * @throws IllegalStateException if the directory has no chat template
     * @throws ChatTemplateException if the template refuses the conversation, or has no place for tools
     */
    public int[] promptIds(List<ChatMessage> messages, List<? extends Map<String, ?>> tools) {
        Arguments.allRequired(messages, "chat: messages", "a message");
        Arguments.allRequired(tools, "chat: tools", "what may be called, a map");
        String prompt = requireChatTemplate("CausalLm.chat")
                .renderedWith(messages, true, tools)
                .text();
        return tokenizer().encode(prompt, false);
    }

    ChatTemplate requireChatTemplate(String call) {
        return chatTemplate.orElseThrow(() -> new IllegalStateException(call + ": " + directory
                + " has no chat template, which conversations need; expected chat_template.jinja, or the field chat_template of"
                + " tokenizer_config.json. A model without one has not learned to converse: generate from plain text, and"
                + " learn from LmExample.completion(prompt, completion) or LmExample.text(text)."));
    }

    /**
     * Goes on with token ids. Without a tokenizer the results have no text.
     *
     * @param prompts ids of each prompt, one or more
     * @param config how
     * @param listener hears of each token, and may end its text
     * @return as of {@link #generate(List, GenerationConfig, TokenListener)}
     * @throws IllegalArgumentException if a prompt is empty, has ids that are not in the vocabulary or leaves no room in the
     *     context; the message lists all
     */
    public List<Generation> generateIds(List<int[]> prompts, GenerationConfig config, TokenListener listener) {
        Arguments.allRequired(prompts, "CausalLm.generateIds: prompts", "ids of tokens");
        Arguments.required(config, "CausalLm.generate: config", "how to go on, such as GenerationConfig.greedy(40)");
        Arguments.required(listener, "CausalLm.generate: listener", "one, such as token -> true");
        List<Text> texts = texts(prompts, config, new Candidates());
        try (DecodeSession session = session()) {
            for (int from = 0; from < texts.size(); from += SIDE_BY_SIDE) {
                run(session, texts.subList(from, Math.min(texts.size(), from + SIDE_BY_SIDE)), listener);
            }
        }
        return texts.stream().map(text -> Generation.of(text.state())).toList();
    }

    /** A text on its way. */
    record Text(int prompt, int number, int[] ids, GenerationState state) {}

    /** The texts that a call will make, in order; they share the candidates, so they are for one thread. */
    List<Text> texts(List<int[]> prompts, GenerationConfig config, Candidates candidates) {
        GenerationValues values = config.values().withDefault(Parameter.EOS_TOKEN_IDS, ends);
        if (values.isSampling() && config.seed().isEmpty()) {
            values = values.with(Parameter.SEED, drawnSeed());
        }
        Problems problems = new Problems();
        List<Text> texts = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            int[] ids = config.dropOldest() ? newest(prompts.get(i), config) : prompts.get(i);
            int last = vocabularySize() - 1;
            int prompt = i;
            Arrays.stream(ids)
                    .filter(id -> id < 0 || id > last)
                    .findFirst()
                    .ifPresent(
                            id -> problems.add("prompt " + prompt + " has the id " + id + ", expected 0 to " + last));
            for (int n = 0; n < config.numReturnSequences() && problems.isEmpty(); n++) {
                try {
                    texts.add(new Text(
                            i, n, ids, new GenerationState(values, ids, n, contextLength(), pieces(ids), candidates)));
                } catch (IllegalArgumentException e) {
                    problems.add("prompt " + i + ": " + e.getMessage());
                }
            }
        }
        problems.throwIfAny("generate");
        return texts;
    }

    /** Another one for each call, short enough to be read. */
    private static long drawnSeed() {
        return RandomStreams.of(System.nanoTime(), "call " + WITHOUT_SEED.incrementAndGet())
                .nextInt(Integer.MAX_VALUE);
    }

    private int[] newest(int[] ids, GenerationConfig config) {
        int room = Math.max(1, contextLength() - config.newTokens(ids.length));
        if (ids.length <= room) {
            return ids;
        }
        int[] kept = Arrays.copyOfRange(ids, ids.length - room, ids.length);
        // What begins all texts that the model has learned from.
        if (room > 1 && isBeginning(ids[0])) {
            kept[0] = ids[0];
        }
        return kept;
    }

    private TextPieces pieces(int[] prompt) {
        if (tokenizer.isEmpty()) {
            return TextPieces.none();
        }
        StreamDecoder decoder = tokenizer.get().streamDecoder(true, prompt);
        return new TextPieces() {
            @Override
            public String next(int id) {
                return decoder.push(id);
            }

            @Override
            public String rest() {
                return decoder.finish();
            }
        };
    }

    private static void run(DecodeSession session, List<Text> texts, TokenListener listener) {
        List<Text> alive = new ArrayList<>(texts);
        List<Integer> sequences = new ArrayList<>();
        texts.forEach(text -> sequences.add(session.add(ActingAdapters.NUMBER)));
        int[][] next = texts.stream().map(Text::ids).toArray(int[][]::new);
        while (!alive.isEmpty()) {
            float[][] logits =
                    session.feed(sequences.stream().mapToInt(Integer::intValue).toArray(), next);
            List<int[]> following = new ArrayList<>();
            int kept = 0;
            for (int i = 0; i < logits.length; i++) {
                Text text = alive.get(i);
                GenerationState state = text.state();
                int id = state.accept(logits[i]);
                GeneratedToken token = GeneratedToken.of(text.prompt(), text.number(), id, state);
                if (!listener.onToken(token)) {
                    state.cancel();
                }
                if (state.isFinished()) {
                    session.remove(sequences.get(i));
                } else {
                    alive.set(kept, text);
                    sequences.set(kept++, sequences.get(i));
                    following.add(new int[] {id});
                }
            }
            alive.subList(kept, alive.size()).clear();
            sequences.subList(kept, sequences.size()).clear();
            next = following.toArray(int[][]::new);
        }
    }

    /**
     * How probable the model finds a text, token by token, with the adapters that act.
     *
     * @param ids its tokens, two or more
     * @return the logarithm of the probability of each token after the first, given those before it
     * @throws IllegalArgumentException if there are too few or too many, or one is not in the vocabulary
     */
    public double[] logProbabilities(int[] ids) {
        Arguments.required(ids, "CausalLm.logProbabilities: ids", "ids of tokens, two or more");
        if (ids.length < 2) {
            throw new IllegalArgumentException(
                    "logProbabilities: there are " + ids.length + " tokens, expected 2 or more.");
        }
        double[] found = new double[ids.length - 1];
        try (DecodeSession session = session()) {
            session.score(new int[] {session.add(ActingAdapters.NUMBER)}, new int[][] {ids}, (sequence, at, logits) -> {
                if (at < found.length) {
                    found[at] = Logits.logProbability(logits, ids[at + 1]);
                }
            });
        }
        return found;
    }

    /** What an adapter calls its base: the directory. */
    String name() {
        return String.valueOf(directory.getFileName());
    }

    /** Whether a token begins texts, as the model says or as one that is special does where it stands first. */
    boolean isBeginning(int id) {
        return tokenizer.isPresent()
                && (tokenizer.get().bosId().orElse(-1) == id
                        || tokenizer.get().isKnown(id) && tokenizer.get().isSpecial(id));
    }

    /** A model without adapters over FLOAT copies of the weights, to be trained. */
    CausalLm copy() {
        return over(replication, weights().floats());
    }

    /** Takes the weights that a copy has learned; those that were read stay as they are. */
    void become(CausalLm trained) {
        live = new Live(trained.weights());
    }

    /** Has sessions read weights anew that were trained in place. */
    void weightsChanged() {
        live.decoding = new DecodeModel(weights().config(), tensors(weights()));
    }

    /**
     * What the graph of {@link #model()} eats, for its outputs {@code logits} and {@code last_hidden_state}.
     *
     * @param ids token ids, rows of equal length, the shorter ones padded on either side
     * @param mask 1 for tokens, 0 for padding, of the same shape
     * @return placeholders by name
     * @throws IllegalArgumentException if rows differ in length, are longer than the context, or have ids that are not in the
     *     vocabulary; the message lists all
     */
    public Map<String, INDArray> inputs(int[][] ids, int[][] mask) {
        requireRows(ids, "CausalLm.inputs: ids");
        requireRows(mask, "CausalLm.inputs: mask");
        return DecoderInputs.of(read.config(), DataType.FLOAT, ids, mask, DecoderInputs.positions(mask));
    }

    private static void requireRows(int[][] rows, String name) {
        Arguments.required(rows, name, "rows of numbers");
        Arguments.allRequired(Arrays.asList(rows), name, "a row of numbers");
    }

    /** Frees what the tokenizer holds. The weights go when nobody refers to them any more. */
    @Override
    public void close() {
        closed = true;
        tokenizer.ifPresent(LanguageTokenizer::close);
    }

    @Override
    public String toString() {
        return "CausalLm[" + weights() + (hasOwnWeights() ? ", trained in full" : "")
                + adapted()
                        .map(adapted -> adapted.activeAdapters())
                        .filter(names -> !names.isEmpty())
                        .map(names -> ", adapters " + Problems.quoted(names))
                        .orElse("")
                + "]";
    }
}
