/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.lora4j.internal.error.OutOfMemory;
import org.lora4j.serve.ServingResult.Answer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes requests of equal shapes together; those that fail in a batch are found by halving it. */
final class RequestGroup {

    private final BatchGate gate;
    private final FailureReasons reasons;
    private final BiFunction<Map<String, INDArray>, List<ServedAdapter>, Map<String, INDArray>> computes;
    private final ServingResult[] results;

    /**
     * A request that has passed all checks.
     *
     * @param index its place among the results
     * @param where what messages call it
     * @param lease the adapter that it began with
     * @param finite whether its inputs are finite, so that its outputs have to be numbers
     */
    record Ready(int index, String where, Map<String, INDArray> inputs, Lease lease, boolean finite) {

        int rows() {
            return RequestBatches.rows(inputs);
        }
    }

    RequestGroup(
            BatchGate gate,
            FailureReasons reasons,
            BiFunction<Map<String, INDArray>, List<ServedAdapter>, Map<String, INDArray>> computes,
            ServingResult[] results) {
        this.gate = gate;
        this.reasons = reasons;
        this.computes = computes;
        this.results = results;
    }

    /** Answers requests of equal shapes, in batches of so many rows at most. */
    void answer(List<Ready> requests, int maxRows) {
        List<Ready> batch = new ArrayList<>();
        int rows = 0;
        for (Ready request : requests) {
            if (rows + request.rows() > maxRows) {
                answer(batch);
                batch = new ArrayList<>();
                rows = 0;
            }
            batch.add(request);
            rows += request.rows();
        }
        answer(batch);
    }

    private void answer(List<Ready> batch) {
        try {
            answer(batch, gate.run(() -> computed(batch)));
        } catch (RuntimeException | OutOfMemoryError e) {
            int half = batch.size() / 2;
            if (half > 0) {
                answer(batch.subList(0, half));
                answer(batch.subList(half, batch.size()));
            } else {
                answerAlone(batch.get(0), e);
            }
        }
    }

    /** A request that others left no memory for has another try without them. */
    private void answerAlone(Ready request, Throwable failed) {
        Throwable cause = failed;
        if (OutOfMemory.isCauseOf(failed)) {
            try {
                List<Ready> alone = List.of(request);
                answer(alone, gate.runAlone(() -> computed(alone)));
                return;
            } catch (RuntimeException | OutOfMemoryError e) {
                cause = e;
            }
        }
        results[request.index()] = reasons.failure(request.where(), cause);
    }

    private Map<String, INDArray> computed(List<Ready> batch) {
        List<ServedAdapter> rows = new ArrayList<>();
        batch.forEach(request ->
                rows.addAll(Collections.nCopies(request.rows(), request.lease().adapter())));
        return computes.apply(
                RequestBatches.joined(batch.stream().map(Ready::inputs).toList()), rows);
    }

    private void answer(List<Ready> batch, Map<String, INDArray> found) {
        int all = batch.stream().mapToInt(Ready::rows).sum();
        int from = 0;
        for (Ready request : batch) {
            int to = from + request.rows();
            Map<String, INDArray> outputs = RequestBatches.part(found, from, to, all);
            String bad = request.finite() ? RequestCheck.notANumber(outputs) : null;
            results[request.index()] = bad == null
                    ? new Answer(outputs, request.lease().by())
                    : reasons.failure(request.where(), new IllegalStateException(request.where() + ": " + bad));
            from = to;
        }
    }
}
