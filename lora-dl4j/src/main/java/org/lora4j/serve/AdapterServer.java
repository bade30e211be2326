/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.adapter.Adapter;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.ModuleUpdate.Part;
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
 * <p><b>Threads.</b> Safe for any number of threads. As many batches as the builder says are computed at the same time,
 * and no lock is held meanwhile. The base must not be changed while it is served.
 *
 * @apiNote Status: experimental
 */
public final class AdapterServer {

    /** What a request names to get the base without an adapter. */
    public static final String BASE = "__base__";

    private final ServedBase base;
    private final Packing packing;
    private final RequestBatches batches;
    private final Residents residents;
    private final Object registration = new Object();
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
            return "adapter \"" + name + "\" is not registered" + ClosestNames.hint(name, slots.keySet())
                    + "; expected \"" + BASE + "\" or one of " + Problems.quoted(slots.keySet())
                    + ". Register it first.";
        }

        Snapshot with(Map<String, Slot> others) {
            return new Snapshot(Collections.unmodifiableMap(others), parts, plain, mixed);
        }
    }

    AdapterServer(ServedBase base, long memoryCap) {
        this.base = base;
        this.batches = new RequestBatches(base.inputs());
        this.packing = new Packing(base);
        this.residents = new Residents(memoryCap);
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
        return new GraphServerBuilder(base);
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
        return new NetworkServerBuilder(RowNetwork.of(base));
    }

    /**
     * Registers an adapter that stays in memory.
     *
     * @param name a name that is free
     * @param adapter the adapter; copied
     * @throws IllegalArgumentException if the name is taken or malformed, the adapter does not fit the base, has something
     *     that cannot be served or exceeds the memory cap; the message lists everything, and the server stays as it was
     */
    public void register(String name, Adapter adapter) {
        synchronized (registration) {
            requireFree(name);
            put(new Slot(name, null, adapter, packing), null);
        }
    }

    /**
     * Registers the adapter of a PEFT directory. It may be dropped from memory and read again, so leave the directory as
     * it is; a change is noticed, and requests for the adapter fail until it is replaced.
     *
     * @param name a name that is free
     * @param directory a PEFT directory
     * @throws IllegalArgumentException as {@link #register(String, Adapter)}
     * @throws IOException if the directory cannot be read
     */
    public void register(String name, Path directory) throws IOException {
        Adapter adapter = Adapter.load(directory);
        synchronized (registration) {
            requireFree(name);
            put(new Slot(name, directory, adapter, packing), null);
        }
    }

    /**
     * Exchanges the adapter of a name. Batches that run go on with the old one, those that begin later have the new one.
     *
     * @param name a registered name
     * @param adapter the new adapter, which stays in memory; it may have another rank and other modules
     * @throws IllegalArgumentException if the name is unknown, or as {@link #register(String, Adapter)}; the old adapter
     *     is served on then
     */
    public void replace(String name, Adapter adapter) {
        synchronized (registration) {
            Slot old = current.require(name);
            put(new Slot(name, null, adapter, packing), old);
        }
    }

    /**
     * Exchanges the adapter of a name for that of a PEFT directory, which may be the changed directory of the old one.
     *
     * @param name a registered name
     * @param directory a PEFT directory
     * @throws IllegalArgumentException as {@link #replace(String, Adapter)}
     * @throws IOException if the directory cannot be read
     */
    public void replace(String name, Path directory) throws IOException {
        Adapter adapter = Adapter.load(directory);
        synchronized (registration) {
            Slot old = current.require(name);
            put(new Slot(name, directory, adapter, packing), old);
        }
    }

    private void requireFree(String name) {
        if (name.equals(BASE)) {
            throw new IllegalArgumentException(
                    "adapter \"" + BASE + "\": the name means the base without an adapter;" + " expected another one.");
        }
        if (current.slots().containsKey(name)) {
            throw new IllegalArgumentException("adapter " + MessageText.name(name)
                    + " is registered already; expected a free name. Call replace to exchange it.");
        }
    }

    private void put(Slot slot, Slot instead) {
        Snapshot now = current;
        ServedAdapter adapter = slot.resident();
        Map<String, Set<Part>> parts = adapter.partsWith(now.parts());
        MixedModel mixed = parts.equals(now.parts()) ? now.mixed() : base.model(parts);
        residents.register(slot, instead);
        Map<String, Slot> slots = new TreeMap<>(now.slots());
        slots.put(slot.name(), slot);
        current = new Snapshot(Collections.unmodifiableMap(slots), parts, now.plain(), mixed);
    }

    /**
     * Removes an adapter. Batches that run go on with it.
     *
     * @param name a registered name
     * @throws IllegalArgumentException if the name is unknown
     */
    public void remove(String name) {
        synchronized (registration) {
            Snapshot now = current;
            Slot slot = now.require(name);
            Map<String, Slot> slots = new TreeMap<>(now.slots());
            slots.remove(name);
            current = now.with(slots);
            residents.forget(slot);
        }
    }

    /**
     * The adapters.
     *
     * @return what is held of each, by name in order
     */
    public List<ServedStatus> status() {
        return current.slots().values().stream()
                .map(slot -> new ServedStatus(
                        slot.name(), Optional.ofNullable(slot.directory()), slot.bytes(), slot.resident() != null))
                .toList();
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
     * @throws IllegalArgumentException if an input is missing, unknown or of a wrong shape, an adapter is not registered,
     *     or there is not one for each row; the message lists all such problems
     * @throws IOException if an adapter that had been dropped from memory cannot be read again
     */
    public Map<String, INDArray> output(Map<String, INDArray> inputs, List<String> adapters) throws IOException {
        Snapshot now = current;
        Problems problems = new Problems();
        String wrong = batches.problem("inputs", inputs);
        problems.check(wrong == null, wrong);
        if (wrong == null) {
            int rows = RequestBatches.rows(inputs);
            problems.check(rows == adapters.size(), adapters.size() + " adapters for " + rows + " rows");
        }
        adapters.stream()
                .distinct()
                .filter(name -> !name.equals(BASE) && !now.slots().containsKey(name))
                .forEach(name -> problems.add(now.unknown(name)));
        problems.throwIfAny("AdapterServer.output");
        Map<String, ServedAdapter> used = new LinkedHashMap<>();
        for (String name : adapters) {
            if (!used.containsKey(name)) {
                used.put(name, values(now, name));
            }
        }
        return run(now, batches.typed(inputs), adapters.stream().map(used::get).toList());
    }

    private ServedAdapter values(Snapshot now, String name) throws IOException {
        return name.equals(BASE) ? ServedAdapter.NONE : residents.use(now.require(name));
    }

    private Map<String, INDArray> run(Snapshot now, Map<String, INDArray> inputs, List<ServedAdapter> adapters) {
        boolean none = adapters.stream().allMatch(adapter -> adapter.updates().isEmpty());
        return (none ? now.plain() : now.mixed()).output(inputs, adapters);
    }

    /**
     * Answers requests, those of equal shapes together in one batch. A request that is wrong fails alone.
     *
     * @param requests any number, of any adapters
     * @return a result for each request, in order
     */
    public List<ServingResult> predict(List<ServingRequest> requests) {
        Snapshot now = current;
        ServingResult[] results = new ServingResult[requests.size()];
        Map<String, List<Ready>> groups = new LinkedHashMap<>();
        for (int i = 0; i < results.length; i++) {
            ServingRequest request = requests.get(i);
            try {
                String wrong = batches.problem("request for adapter \"" + request.adapter() + "\"", request.inputs());
                if (wrong != null) {
                    throw new IllegalArgumentException(wrong);
                }
                Map<String, INDArray> typed = batches.typed(request.inputs());
                Ready ready = new Ready(i, typed, values(now, request.adapter()));
                groups.computeIfAbsent(batches.key(typed), key -> new ArrayList<>())
                        .add(ready);
            } catch (IOException | RuntimeException e) {
                results[i] = new ServingResult.Failure(e.getMessage());
            }
        }
        groups.values().forEach(group -> answer(now, group, results));
        return List.of(results);
    }

    /** A request that can be computed. */
    private record Ready(int index, Map<String, INDArray> inputs, ServedAdapter adapter) {}

    private void answer(Snapshot now, List<Ready> group, ServingResult[] results) {
        List<ServedAdapter> rows = new ArrayList<>();
        for (Ready ready : group) {
            rows.addAll(Collections.nCopies(RequestBatches.rows(ready.inputs()), ready.adapter()));
        }
        Map<String, INDArray> found;
        try {
            found = run(
                    now, RequestBatches.joined(group.stream().map(Ready::inputs).toList()), rows);
        } catch (RuntimeException e) {
            // One of them has values that the graph cannot run on; the others are answered without it.
            if (group.size() == 1) {
                results[group.get(0).index()] = new ServingResult.Failure(e.getMessage());
            } else {
                group.forEach(ready -> answer(now, List.of(ready), results));
            }
            return;
        }
        int from = 0;
        for (Ready ready : group) {
            int to = from + RequestBatches.rows(ready.inputs());
            results[ready.index()] = new ServingResult.Answer(RequestBatches.part(found, from, to, rows.size()));
            from = to;
        }
    }
}
