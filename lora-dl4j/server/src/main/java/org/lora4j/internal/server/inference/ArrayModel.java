/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.inference;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.server.ArrayHost;
import org.lora4j.internal.server.CandidateFailures;
import org.lora4j.internal.server.HostedAdapter;
import org.lora4j.serve.RouteChoice;
import org.lora4j.serve.RouteRole;
import org.lora4j.serve.ServedInput;
import org.lora4j.serve.ServingRequest;
import org.lora4j.serve.ServingResult;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A graph or a network with one of its adapters.
 *
 * @param host the base
 * @param adapter an adapter of it, an alias, or its base
 * @param name what the client calls it
 */
record ArrayModel(ArrayHost host, String adapter, String name) implements InferenceModel {

    @Override
    public String version() {
        String now = host.routes().resolve(adapter, Optional.empty()).adapter();
        return host.adapters().stream()
                .filter(one -> one.name().equals(now))
                .map(HostedAdapter::by)
                .map(by -> Long.toString(by.generation()))
                .findFirst()
                .orElse("0");
    }

    @Override
    public String platform() {
        return "lora4j_arrays";
    }

    @Override
    public List<ObjectNode> inputs() {
        return host.server().inputs().stream().map(ArrayModel::described).toList();
    }

    private static ObjectNode described(ServedInput input) {
        long[] any = new long[input.rank()];
        Arrays.fill(any, -1);
        return Tensors.described(input.name(), Tensors.word(input.type()), any);
    }

    @Override
    public List<ObjectNode> outputs() {
        return host.server().outputs().stream()
                .map(output -> Tensors.described(output, "FP32", -1, -1))
                .toList();
    }

    @Override
    public CompletableFuture<Outputs> infer(Exchange exchange, List<Tensors.Given> inputs) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        inputs.forEach(input -> arrays.put(input.name(), input.array()));
        RouteChoice choice = host.routes().resolve(adapter, exchange.header("x-user"));
        return new Asked(exchange, choice, arrays, System.nanoTime()).of(choice.adapter(), choice.role());
    }

    /** A request on its way. */
    private final class Asked {

        private final Exchange exchange;
        private final RouteChoice choice;
        private final Map<String, INDArray> arrays;
        private final long begun;

        Asked(Exchange exchange, RouteChoice choice, Map<String, INDArray> arrays, long begun) {
            this.exchange = exchange;
            this.choice = choice;
            this.arrays = arrays;
            this.begun = begun;
        }

        /** Its answer by an adapter; if that is a candidate and fails, by what is in use. */
        CompletableFuture<Outputs> of(String adapter, RouteRole role) {
            CompletableFuture<ServingResult> result = host.submit(new ServingRequest(adapter, arrays));
            exchange.whenGone(() -> result.cancel(true));
            return result.thenCompose(found -> {
                if (found instanceof ServingResult.Answer answer) {
                    choice.answered(role, Duration.ofNanos(System.nanoTime() - begun));
                    return CompletableFuture.completedFuture(outputs(answer));
                }
                ServingResult.Failure failure = (ServingResult.Failure) found;
                if (isOfTheRequest(failure)) {
                    throw problem(failure);
                }
                if (role != RouteRole.CANARY) {
                    choice.failed(role);
                    throw problem(failure);
                }
                CandidateFailures.tell(choice, failure.reason());
                return of(choice.fallback().orElseThrow(), RouteRole.CURRENT);
            });
        }

        private Outputs outputs(ServingResult.Answer answer) {
            List<ObjectNode> tensors = new ArrayList<>();
            answer.outputs().forEach((output, array) -> tensors.add(Tensors.written(output, array)));
            return new Outputs(tensors, Long.toString(answer.by().generation()));
        }
    }

    /** No adapter could answer it. */
    private static boolean isOfTheRequest(ServingResult.Failure failure) {
        return failure.cause() instanceof IllegalArgumentException;
    }

    private static RuntimeException problem(ServingResult.Failure failure) {
        return isOfTheRequest(failure)
                ? new HttpProblem(Kind.BAD_REQUEST, failure.reason())
                : new IllegalStateException(failure.reason(), failure.cause());
    }
}
