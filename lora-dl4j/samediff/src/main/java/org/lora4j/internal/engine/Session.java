/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.lora4j.error.MessageText;
import org.lora4j.internal.engine.plan.KnownShapes;
import org.lora4j.internal.engine.plan.Plan;
import org.lora4j.internal.engine.plan.Plans;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Runs a graph: by a plan where it has one, else through a session of SameDiff's own, apart from those that the graph keeps
 * per thread.
 */
final class Session {

    private final Supplier<InferenceSession> maker;
    private final Plans plans;
    private InferenceSession session;

    /** {@code plans} may be null: then every run goes through a session of SameDiff. */
    Session(Supplier<InferenceSession> maker, Plans plans) {
        this.maker = maker;
        this.plans = plans;
    }

    Map<String, INDArray> run(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return onInputs(placeholders, () -> {
            Optional<Plan> plan = plans == null ? Optional.empty() : plans.find(placeholders, outputs);
            return plan.isPresent() ? plan.get().run(placeholders) : stock(placeholders, outputs, List.of());
        });
    }

    /** The shapes of all variables that the outputs depend on; empty if they are not known without a run. */
    Optional<KnownShapes> knownShapes(Map<String, INDArray> placeholders, Collection<String> outputs) {
        return onInputs(placeholders, () -> plans == null ? Optional.empty() : plans.shapes(placeholders, outputs));
    }

    /** The same from a run. */
    KnownShapes tracedShapes(Map<String, INDArray> placeholders, Collection<String> outputs) {
        ShapeRecorder recorder = new ShapeRecorder();
        onInputs(placeholders, () -> stock(placeholders, outputs, List.of(recorder)));
        // Memory that waits for the garbage collector is memory that training does not get.
        session.getMmgr().close();
        return new KnownShapes(recorder.shapes(), true);
    }

    private Map<String, INDArray> stock(
            Map<String, INDArray> placeholders, Collection<String> outputs, List<Listener> listeners) {
        if (session == null) {
            session = maker.get();
        }
        At at = At.builder().operation(Operation.INFERENCE).build();
        Map<String, INDArray> found;
        try {
            found = session.output(new ArrayList<>(outputs), placeholders, null, Set.of(), listeners, at);
        } catch (RuntimeException | Error e) {
            // What it keeps of a run that ended halfway is not known; a plan keeps nothing.
            session = null;
            throw e;
        }
        Map<String, INDArray> ordered = new LinkedHashMap<>();
        for (String name : outputs) {
            ordered.put(name, found.get(name));
        }
        return ordered;
    }

    private static <T> T onInputs(Map<String, INDArray> placeholders, Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            if (!isOfNd4j(e)) {
                throw e; // It says itself what is wrong, or is a bug of ours and should look like one.
            }
            throw new IllegalArgumentException(
                    "graph input: ND4J cannot run the graph on " + describe(placeholders) + " ("
                            + MessageText.value(String.valueOf(e.getMessage()).trim())
                            + "); expected arrays whose shapes and values belong"
                            + " together. Compare them with each other and with the placeholders of the graph.",
                    e);
        }
    }

    private static boolean isOfNd4j(RuntimeException e) {
        return Arrays.stream(e.getStackTrace())
                .map(StackTraceElement::getClassName)
                .filter(name -> !name.startsWith("java."))
                .findFirst()
                .filter(name -> name.startsWith("org.nd4j."))
                .isPresent();
    }

    private static String describe(Map<String, INDArray> placeholders) {
        if (placeholders.isEmpty()) {
            return "no input";
        }
        return MessageText.values(placeholders.entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue().dataType()
                        + Arrays.toString(e.getValue().shape()))
                .sorted()
                .toList());
    }
}
