/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.error.OutOfMemory;
import org.lora4j.internal.serve.AdapterNames;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.RequestGroup.Ready;
import org.lora4j.serve.ServedUpdate.Part;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Serves many adapters over one base, a SameDiff graph or a network of Deeplearning4j. Every row of a batch names its
 * adapter; all rows are computed together, with the base's weights held once.
 *
 * <p>Adapters are registered, replaced and removed by name while requests run. A batch sees the adapters as they are when
 * it begins, each of them whole. Answers agree with {@link AdaptedSameDiff} or {@link AdaptedNetwork} and the one adapter
 * within 1e-5, relative to the largest value of the answer.
 *
 * <p><b>What is served.</b> LoRA in all its FLOAT variants (rank-stabilized, patterns, a bias on B, starts that move the
 * base) and fully trained weights and biases of linear modules, such as a head for each adapter. The rows of the batch
 * must be told apart in the input of an adapted module. Embeddings, convolutions, recurrent layers, projections inside an
 * attention op, DoRA, trained token rows and parameters are refused at registration; {@link AdaptedSameDiff} and {@link
 * AdaptedNetwork} run them. Of networks, dense layers, output layers and their kind over time series are served, one with
 * layer normalization inside is not; masks are not passed on.
 *
 * <p><b>Memory.</b> An adapter takes 4 bytes a parameter on the Java heap, up to the cap of the builder. Beyond it the
 * least recently used adapters that were registered by a directory are dropped, and read again when a request names them.
 * Adapters registered as values stay. A batch keeps what it computes with until it is done, so that a batch of more
 * adapters than fit exceeds the cap meanwhile.
 *
 * <p><b>Trust.</b> An adapter with hashes of its base is compared with this one, and one of another base is refused; {@link
 * ServerBuilder#trust} can ask for more, or allow it. An answer says which adapter made it, by name, content and generation: the
 * one that the request began with.
 *
 * <p><b>Failures.</b> A request is checked before it joins others in a batch. What is wrong with one, also if memory ends for
 * it or its answer is NaN, fails it alone.
 *
 * <p><b>Threads.</b> Safe for any number of threads. As many batches as the builder says are computed at the same time,
 * and no lock is held meanwhile. The base must not be changed while it is served.
 *
 * @apiNote Status: stable
 */
public final class AdapterServer implements AutoCloseable {

    /** What a request names to get the base without an adapter. */
    public static final String BASE = AdapterNames.BASE;

    private static final String OUTPUT = "AdapterServer.output";
    private static final String NAME = "the name of an adapter";
    private static final String ADAPTER = "an adapter, such as Adapter.load(directory)";
    private static final String DIRECTORY = "a PEFT directory";

    private final ServedBase base;
    private final AdapterPacking packing;
    private final RequestBatches batches;
    private final RequestCheck check;
    private final List<ServedInput> inputs;
    private final int maxRows;
    private final BatchGate gate;
    private final FailureReasons reasons = new FailureReasons();
    private final Residents residents;
    private final Object registration = new Object();
    private final TrustPolicy trust;
    private long generations;
    private volatile Snapshot current;

    /** What a batch sees: immutable. */
    private record Snapshot(Map<String, Slot> slots, Map<String, Set<Part>> parts, MixedModel plain, MixedModel mixed) {

        Slot require(String name) {
            Slot slot = slots.get(name);
            if (slot == null) {
                throw new IllegalArgumentException(unknown(name));
            }
            return slot;
        }

        String unknown(String name) {
            return AdapterNames.unknown(name, slots.keySet());
        }
    }

    AdapterServer(
            ServedBase base,
            Map<String, INDArray> example,
            long adapterMemory,
            int maxRows,
            int concurrency,
            TrustPolicy trust) {
        this.base = base;
        this.trust = trust;
        this.batches = new RequestBatches(base.inputs());
        this.check = new RequestCheck(base, batches, example, maxRows);
        this.inputs = new TreeMap<>(base.inputs())
                .entrySet().stream()
                        .map(input -> new ServedInput(
                                input.getKey(),
                                input.getValue(),
                                example.get(input.getKey()).rank()))
                        .toList();
        this.maxRows = maxRows;
        this.gate = new BatchGate(concurrency);
        this.packing = new AdapterPacking(base);
        this.residents = new Residents(adapterMemory);
        MixedModel plain = base.model(Map.of());
        this.current = new Snapshot(Map.of(), Map.of(), plain, plain);
    }

    /**
     * Starts the description of a server of a graph.
     *
     * @param base the graph; never changed. Its weights are shared and must not change while it is served
     * @return a builder
     */
    public static GraphServerBuilder builder(SameDiff base) {
        return new GraphServerBuilder(Arguments.required(base, "AdapterServer.builder: base", "a graph"));
    }

    /**
     * Starts the description of a server of a network. Its input is called {@value RowNetwork#INPUT} and its output
     * {@value RowNetwork#OUTPUT}.
     *
     * @param base an initialized network of stock layers; never changed. Its weights are shared and must not change while it
     *     is served
     * @return a builder
     * @throws IllegalArgumentException if the network is not initialized or has adapted or frozen layers
     */
    public static NetworkServerBuilder builder(MultiLayerNetwork base) {
        Arguments.required(base, "AdapterServer.builder: base", "a network");
        return new NetworkServerBuilder(RowNetwork.of(base));
    }

    /**
     * Starts the description of a server of a network. Inputs and outputs are called as in the network.
     *
     * @param base an initialized graph of stock layers; never changed. Its weights are shared and must not change while it is
     *     served
     * @return a builder
     * @throws IllegalArgumentException if the network is not initialized or has adapted or frozen layers
     */
    public static NetworkServerBuilder builder(ComputationGraph base) {
        Arguments.required(base, "AdapterServer.builder: base", "a network");
        return new NetworkServerBuilder(RowNetwork.of(base));
    }

    /**
     * Registers an adapter that stays in memory.
     *
     * @param name a name that is free
     * @param adapter the adapter; copied
     * @throws IllegalArgumentException if the name is taken or malformed, the adapter does not fit the base, has something
     *     that cannot be served or exceeds the memory cap; the message lists everything, and the server stays as it was
     * @throws IllegalStateException if the server is closed
     */
    public void register(String name, Adapter adapter) {
        Arguments.required(name, "AdapterServer.register: name", NAME);
        Arguments.required(adapter, "AdapterServer.register: adapter", ADAPTER);
        synchronized (registration) {
            requireFree(name);
            put(slot(name, null, adapter), null);
        }
    }

    /**
     * Registers the adapter of a PEFT directory. It may be dropped from memory and read again, so leave the directory as
     * it is; a change is noticed, and requests for the adapter fail until it is replaced.
     *
     * @param name a name that is free
     * @param directory a PEFT directory
     * @throws IllegalArgumentException as {@link #register(String, Adapter)}
     * @throws IllegalStateException if the server is closed
     * @throws IOException if the directory cannot be read
     */
    public void register(String name, Path directory) throws IOException {
        Arguments.required(name, "AdapterServer.register: name", NAME);
        Arguments.required(directory, "AdapterServer.register: directory", DIRECTORY);
        Adapter adapter = AdapterLoader.of(directory).trust(trust).load();
        synchronized (registration) {
            requireFree(name);
            put(slot(name, directory, adapter), null);
        }
    }

    /**
     * Exchanges the adapter of a name. Batches that run go on with the old one, those that begin later have the new one.
     *
     * @param name a registered name
     * @param adapter the new adapter, which stays in memory; it may have another rank and other modules
     * @throws IllegalArgumentException if the name is unknown, or as {@link #register(String, Adapter)}; the old adapter
     *     is served on then
     * @throws IllegalStateException if the server is closed
     */
    public void replace(String name, Adapter adapter) {
        Arguments.required(name, "AdapterServer.replace: name", NAME);
        Arguments.required(adapter, "AdapterServer.replace: adapter", ADAPTER);
        synchronized (registration) {
            gate.requireOpen();
            Slot old = current.require(name);
            put(slot(name, null, adapter), old);
        }
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
        Arguments.required(name, "AdapterServer.replace: name", NAME);
        Arguments.required(directory, "AdapterServer.replace: directory", DIRECTORY);
        Adapter adapter = AdapterLoader.of(directory).trust(trust).load();
        synchronized (registration) {
            gate.requireOpen();
            Slot old = current.require(name);
            put(slot(name, directory, adapter), old);
        }
    }

    private Slot slot(String name, Path directory, Adapter adapter) {
        if (directory == null) {
            trust.requireValue("adapter " + MessageText.name(name), adapter.receipt());
        }
        return new Slot(name, directory, adapter, packing, trust, ++generations);
    }

    private void requireFree(String name) {
        gate.requireOpen();
        AdapterNames.requireFree(name, current.slots().keySet());
    }

    private void put(Slot slot, Slot instead) {
        Map<String, Slot> slots = new TreeMap<>(current.slots());
        slots.put(slot.name(), slot);
        Snapshot next = snapshot(slots);
        residents.register(slot, instead);
        serve(next);
    }

    /** A state with places for what these adapters have, and for nothing else. */
    private Snapshot snapshot(Map<String, Slot> slots) {
        Snapshot now = current;
        Map<String, Set<Part>> parts = new LinkedHashMap<>();
        slots.values()
                .forEach(slot -> slot.parts().forEach((path, own) -> {
                    Set<Part> both = EnumSet.copyOf(own);
                    both.addAll(parts.getOrDefault(path, Set.of()));
                    parts.put(path, both);
                }));
        MixedModel mixed = now.mixed();
        if (!parts.equals(now.parts())) {
            mixed = parts.isEmpty() ? now.plain() : base.model(parts);
        }
        return new Snapshot(Collections.unmodifiableMap(slots), Collections.unmodifiableMap(parts), now.plain(), mixed);
    }

    private void serve(Snapshot next) {
        MixedModel before = current.mixed();
        current = next;
        if (before != next.mixed() && before != next.plain()) {
            before.close();
        }
    }

    /**
     * Removes an adapter, and frees what was kept for it. Batches that run go on with it.
     *
     * @param name a registered name
     * @throws IllegalArgumentException if the name is unknown
     * @throws IllegalStateException if the server is closed
     */
    public void remove(String name) {
        Arguments.required(name, "AdapterServer.remove: name", NAME);
        synchronized (registration) {
            gate.requireOpen();
            Slot slot = current.require(name);
            Map<String, Slot> slots = new TreeMap<>(current.slots());
            slots.remove(name);
            serve(snapshot(slots));
            residents.forget(slot);
        }
    }

    /**
     * The adapters.
     *
     * @return what is held of each, by name in order
     */
    public List<ServedStatus> status() {
        return current.slots().values().stream().map(Slot::status).toList();
    }

    /**
     * In which forms the matrices of the base are kept.
     *
     * @return such as {@code F32} or {@code INT8}; of a base with several forms, all of them
     */
    public Set<String> storedAs() {
        return base.storedAs();
    }

    /**
     * What a request brings.
     *
     * @return the inputs, by name in order
     */
    public List<ServedInput> inputs() {
        return inputs;
    }

    /**
     * What an answer has.
     *
     * @return names of outputs, in the order asked for at building
     */
    public List<String> outputs() {
        return List.copyOf(base.outputs());
    }

    /**
     * What all adapters in memory take.
     *
     * @return bytes
     */
    public long residentBytes() {
        return residents.bytes();
    }

    /**
     * Computes one batch whose rows have adapters of their own.
     *
     * @param inputs an array for each placeholder that the outputs depend on, the rows along the first axis; only read
     * @param adapters for each row the name of its adapter, or {@link #BASE}
     * @return the outputs by name, in the order asked for at building; they belong to the caller
     * @throws IllegalArgumentException if an input is missing, unknown, of a wrong shape or not finite, ids are beyond
     *     their table, there are more rows than {@link ServerBuilder#maxRows} says, an adapter is not registered, or there
     *     is not one for each row; the message lists all such problems
     * @throws IllegalStateException if the server is closed, memory ends though no other batch is computed, or an output
     *     holds NaN though the inputs are finite
     * @throws IOException if an adapter that had been dropped from memory cannot be read again
     */
    public Map<String, INDArray> output(Map<String, INDArray> inputs, List<String> adapters) throws IOException {
        return answer(inputs, adapters).outputs();
    }

    /**
     * As {@link #output}, with which adapter made each row: its name, its content and its generation.
     *
     * @param inputs as for {@link #output}
     * @param adapters as for {@link #output}
     * @return the outputs, and for each row the adapter that made it
     * @throws IllegalArgumentException as {@link #output}
     * @throws IllegalStateException as {@link #output}
     * @throws IOException as {@link #output}
     */
    public RowAnswers answer(Map<String, INDArray> inputs, List<String> adapters) throws IOException {
        Arguments.required(inputs, "AdapterServer.output: inputs", "an array for each input of the base");
        Arguments.allRequired(adapters, "AdapterServer.output: adapters", NAME + " for each row, or BASE");
        gate.requireOpen();
        Snapshot now = current;
        Problems problems = new Problems();
        Map<String, INDArray> typed = check.typed(inputs, problems);
        if (typed != null) {
            int rows = RequestBatches.rows(typed);
            problems.check(rows == adapters.size(), adapters.size() + " adapters for " + rows + " rows");
        }
        checkRegistered(now, adapters, problems);
        problems.throwIfAny(OUTPUT);
        Map<String, Lease> used = new LinkedHashMap<>();
        Map<String, INDArray> found;
        try {
            for (String name : adapters) {
                if (!used.containsKey(name)) {
                    used.put(name, lease(now, name));
                }
            }
            List<ServedAdapter> rows =
                    adapters.stream().map(name -> used.get(name).adapter()).toList();
            found = withMemory(() -> run(now, typed, rows));
        } finally {
            used.values().forEach(Lease::close);
        }
        String bad = check.areFinite(typed) ? RequestCheck.notANumber(found) : null;
        if (bad != null) {
            throw new IllegalStateException(OUTPUT + ": " + bad);
        }
        return new RowAnswers(
                found, adapters.stream().map(name -> used.get(name).by()).toList());
    }

    private Map<String, INDArray> withMemory(Supplier<Map<String, INDArray>> batch) {
        try {
            return gate.run(batch);
        } catch (RuntimeException | OutOfMemoryError e) {
            if (!OutOfMemory.isCauseOf(e)) {
                throw e;
            }
        }
        try {
            return gate.runAlone(batch);
        } catch (RuntimeException | OutOfMemoryError e) {
            if (OutOfMemory.isCauseOf(e)) {
                throw new IllegalStateException(reasons.failure(OUTPUT, e).reason(), e);
            }
            throw e;
        }
    }

    private static void checkRegistered(Snapshot now, List<String> adapters, Problems problems) {
        adapters.stream()
                .distinct()
                .filter(name -> !name.equals(BASE) && !now.slots().containsKey(name))
                .forEach(name -> problems.add(now.unknown(name)));
    }

    /** The values of an adapter that is registered and in memory. */
    ServedAdapter resident(String name) {
        return current.require(name).resident();
    }

    private Lease lease(Snapshot now, String name) throws IOException {
        if (name.equals(BASE)) {
            return Lease.of(ServedAdapter.NONE, ServedBy.NONE, new AtomicInteger());
        }
        Slot slot = now.require(name);
        return slot.lease(residents.use(slot));
    }

    private static Map<String, INDArray> run(Snapshot now, Map<String, INDArray> inputs, List<ServedAdapter> adapters) {
        boolean none = adapters.stream().allMatch(adapter -> adapter.updates().isEmpty());
        return (none ? now.plain() : now.mixed()).output(inputs, adapters);
    }

    /**
     * Answers requests, those of equal shapes together in one batch. A request that is wrong fails alone, before it joins
     * others; one for which memory ends does so when it had all memory of the server for itself.
     *
     * @param requests any number, of any adapters
     * @return a result for each request, in order
     * @throws IllegalStateException if the server is closed
     */
    public List<ServingResult> predict(List<ServingRequest> requests) {
        Arguments.required(requests, "AdapterServer.predict: requests", "a list of requests");
        gate.requireOpen();
        Snapshot now = current;
        ServingResult[] results = new ServingResult[requests.size()];
        Map<String, List<Ready>> groups = new LinkedHashMap<>();
        for (int i = 0; i < results.length; i++) {
            ServingRequest request = requests.get(i);
            String where = request == null
                    ? "request " + i
                    : "request " + i + " for adapter \"" + FailureReasons.named(request.adapter()) + "\"";
            try {
                if (request == null) {
                    throw new IllegalArgumentException(
                            where + " is null; expected a ServingRequest with an adapter's name and its inputs.");
                }
                Ready ready = ready(now, i, where, request);
                groups.computeIfAbsent(batches.key(ready.inputs()), key -> new ArrayList<>())
                        .add(ready);
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                results[i] = reasons.failure(where, e);
            }
        }
        RequestGroup answers = new RequestGroup(gate, reasons, (inputs, rows) -> run(now, inputs, rows), results);
        try {
            groups.values().forEach(group -> answers.answer(group, maxRows));
        } finally {
            groups.values()
                    .forEach(group -> group.forEach(request -> request.lease().close()));
        }
        return List.of(results);
    }

    private Ready ready(Snapshot now, int index, String where, ServingRequest request) throws IOException {
        Problems problems = new Problems();
        Map<String, INDArray> typed = check.typed(request.inputs(), problems);
        checkRegistered(now, List.of(request.adapter()), problems);
        problems.throwIfAny(where);
        return new Ready(index, where, typed, lease(now, request.adapter()), check.areFinite(typed));
    }

    /**
     * Closes the server. Batches under way are finished; requests that wait fail, and later ones are refused. What the
     * server made is freed: adapters, and memory between batches. The base is left as it is. May be called from any
     * thread, and again without effect.
     */
    @Override
    public void close() {
        synchronized (registration) {
            gate.close();
            Snapshot last = current;
            last.slots().values().forEach(residents::forget);
            serve(new Snapshot(Map.of(), Map.of(), last.plain(), last.plain()));
            last.plain().close();
        }
    }
}
