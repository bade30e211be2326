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
import org.lora4j.internal.server.HostedAdapter;
import org.lora4j.serve.RouteChoice;
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
        long begun = System.nanoTime();
        CompletableFuture<ServingResult> result = host.submit(new ServingRequest(choice.adapter(), arrays));
        exchange.whenGone(() -> result.cancel(true));
        return result.thenApply(found -> {
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            if (found instanceof ServingResult.Failure failure) {
                if (!isOfTheRequest(failure)) {
                    choice.failed(choice.role());
                }
                throw problem(failure);
            }
            ServingResult.Answer answer = (ServingResult.Answer) found;
            choice.answered(choice.role(), took);
            List<ObjectNode> tensors = new ArrayList<>();
            answer.outputs().forEach((output, array) -> tensors.add(Tensors.written(output, array)));
            return new Outputs(tensors, Long.toString(answer.by().generation()));
        });
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
