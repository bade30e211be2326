/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.internal.host.DefaultAdapter;
import org.lora4j.serve.AdapterServer;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** The Open Inference Protocol over networks, graphs and texts. */
class InferenceProtocolTest {

    private static MultiLayerNetwork network;
    private static AdapterServer ofNetwork;
    private static AdapterServer ofGraph;
    private static LoraServer server;
    private static URI uri;

    @BeforeAll
    static void start() throws Exception {
        network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(3)
                .dataType(DataType.FLOAT)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("hidden")
                        .nIn(3)
                        .nOut(4)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MSE)
                        .nIn(4)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
        network.init();
        INDArray example = Nd4j.createFromArray(new float[][] {{1, 2, 3}, {3, 2, 1}});
        ofNetwork =
                AdapterServer.builder(network).example(Map.of("input", example)).build();
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 2);
        SDVariable w = graph.var("w", Nd4j.createFromArray(new float[][] {{1, 10}, {100, 1000}}));
        graph.mmul("y", x, w);
        ofGraph = AdapterServer.builder(graph)
                .example(Map.of("x", Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}})))
                .outputs("y")
                .build();
        server = TinyTasksServer.with(ofNetwork, ofGraph);
        uri = server.uri();
    }

    @AfterAll
    static void stop() {
        server.close();
        ofNetwork.close();
        ofGraph.close();
    }

    /** The server of this test; its bases have names of their own. */
    private static final class TinyTasksServer {

        static LoraServer with(AdapterServer network, AdapterServer graph) throws Exception {
            LoraServerBuilder builder = LoraServer.builder()
                    .port(0)
                    .adminToken("token-of-admins")
                    .network("dense", network)
                    .network("linear", graph)
                    .encoder("tiny", TinyTasks.ENCODER);
            TinyTasks.directories().forEach((name, directory) -> builder.adapter("tiny", name, directory));
            return builder.start();
        }
    }

    private static JsonNode infer(String model, String body) throws Exception {
        Asked.Answer answer = Asked.post(uri, "/v2/models/" + model + "/infer", body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json();
    }

    @Test
    void server_isAliveReadyAndNamed() throws Exception {
        assertThat(Asked.get(uri, "/v2/health/live").json().get("live").booleanValue())
                .isTrue();
        assertThat(Asked.get(uri, "/v2/health/ready").status()).isEqualTo(200);
        assertThat(Asked.get(uri, "/v2").json().get("name").textValue()).isEqualTo("lora4j");
        assertThat(Asked.get(uri, "/v2").json().get("extensions").isArray()).isTrue();
    }

    @Test
    void network_answersItsOutputs() throws Exception {
        JsonNode answer = infer(
                "dense",
                "{'id': 'q1', 'inputs': [{'name': 'input', 'shape': [2, 3], 'datatype': 'FP32', 'data': [1, 2, 3, -1,"
                        + " 0.5, 0]}]}");
        INDArray expected = network.output(Nd4j.createFromArray(new float[][] {{1, 2, 3}, {-1, 0.5f, 0}}));
        JsonNode output = answer.get("outputs").get(0);
        assertThat(answer.get("id").textValue()).isEqualTo("q1");
        assertThat(answer.get("model_name").textValue()).isEqualTo("dense");
        assertThat(output.get("shape").toString()).isEqualTo("[2,2]");
        assertThat(output.get("datatype").textValue()).isEqualTo("FP32");
        for (int i = 0; i < 4; i++) {
            assertThat(output.get("data").get(i).floatValue())
                    .isCloseTo(expected.getFloat(i / 2, i % 2), within(1e-5f));
        }
    }

    @Test
    void adapter_answersUnderItsName_withItsGeneration() throws Exception {
        LoraConfig config = LoraConfig.builder().rank(1).targetModules("hidden").build();
        Adapter adapter =
                DefaultAdapter.fresh(AdaptedNetwork.of(network), config, 1).adapter("default");
        ofNetwork.register("tuned", adapter);
        try {
            JsonNode answer = infer(
                    "tuned",
                    "{'inputs': [{'name': 'input', 'shape': [1, 3], 'datatype': 'FP64', 'data': [[1, 2, 3]]}]}");
            assertThat(answer.get("model_version").textValue()).isEqualTo("1");
            assertThat(Asked.get(uri, "/v2/models/tuned/versions/1").status()).isEqualTo(200);
            assertThat(Asked.get(uri, "/v2/models/tuned/versions/2").status()).isEqualTo(404);
            assertThat(Asked.get(uri, "/v2/models/tuned/ready")
                            .json()
                            .get("ready")
                            .booleanValue())
                    .isTrue();
        } finally {
            ofNetwork.remove("tuned");
        }
    }

    @Test
    void candidateThatFails_isAnsweredByWhatIsInUse_andCounted() throws Exception {
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(2).targetModules("hidden").build();
        Adapter inUse =
                DefaultAdapter.fresh(AdaptedNetwork.of(network), config, 1).adapter("default");
        Map<String, Map<String, INDArray>> factors = new HashMap<>();
        // Finite, but what they compute is infinity less infinity.
        float[] most = {3e38f, -3e38f};
        inUse.modules()
                .forEach((module, own) -> factors.put(
                        module,
                        Map.of(
                                "lora_A.weight", own.get("lora_A.weight").mul(0).addi(3e38),
                                "lora_B.weight", Nd4j.createFromArray(new float[][] {most, most, most, most}))));
        ofNetwork.register("calm", inUse);
        ofNetwork.register("wild", Adapter.of(config, factors, Map.of()));
        String[] admin = {"Authorization", "Bearer token-of-admins"};
        String ask = "{'inputs': [{'name': 'input', 'shape': [1, 3], 'datatype': 'FP32', 'data': [1, 1, 1]}]}";
        try {
            assertThat(Asked.post(uri, "/v2/models/wild/infer", ask).status()).isEqualTo(500);
            assertThat(Asked.post(uri, "/aliases/steady", "{'adapter': 'calm'}", admin)
                            .status())
                    .isEqualTo(200);
            assertThat(Asked.post(uri, "/aliases/steady/canary", "{'candidate': 'wild', 'share': 1}", admin)
                            .status())
                    .isEqualTo(200);
            Asked.Answer shadow = Asked.post(uri, "/aliases/steady/shadow", "{'candidate': 'wild'}", admin);

            assertThat(infer("steady", ask).get("outputs"))
                    .isEqualTo(infer("calm", ask).get("outputs"));
            JsonNode status = Asked.get(uri, "/aliases/steady").json();
            assertThat(status.at("/of_candidate/failed").intValue()).isEqualTo(1);
            assertThat(status.at("/in_use/answered").intValue()).isEqualTo(1);
            assertThat(shadow.status()).isEqualTo(400);
            assertThat(shadow.text()).contains("adapters of a network cannot shadow");
        } finally {
            Asked.delete(uri, "/aliases/steady", admin);
            ofNetwork.remove("calm");
            ofNetwork.remove("wild");
        }
    }

    @Test
    void pairsOfSeveralQueries_areScoredAsEachAlone() throws Exception {
        String pairs =
                "{'inputs': [{'name': 'text', 'shape': [3], 'datatype': 'BYTES', 'data': ['good', 'bad', 'good']}, {'name':"
                        + " 'text_pair', 'shape': [3], 'datatype': 'BYTES', 'data': ['film', 'card', 'the card']}]}";
        JsonNode scores = infer("relevant", pairs).at("/outputs/0/data");
        String[][] asked = {{"good", "film"}, {"bad", "card"}, {"good", "the card"}};
        for (int i = 0; i < asked.length; i++) {
            JsonNode alone = Asked.post(
                            uri,
                            "/rerank",
                            "{'query': '" + asked[i][0] + "', 'texts': ['" + asked[i][1] + "'], 'model': 'relevant'}")
                    .json();
            assertThat(scores.get(i).doubleValue())
                    .isCloseTo(alone.at("/0/score").doubleValue(), within(1e-5));
        }
    }

    @Test
    void graph_isDescribed_andComputed() throws Exception {
        JsonNode metadata = Asked.get(uri, "/v2/models/linear").json();
        assertThat(metadata.get("inputs").toString())
                .isEqualTo("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[-1,-1]}]");
        assertThat(metadata.get("outputs").get(0).get("name").textValue()).isEqualTo("y");
        JsonNode output = infer(
                        "linear",
                        "{'inputs': [{'name': 'x', 'shape': [1, 2], 'datatype': 'INT64', 'data': [2, 3]}], 'outputs':"
                                + " [{'name': 'y'}]}")
                .get("outputs")
                .get(0);
        assertThat(output.get("data").toString()).isEqualTo("[302.0,3020.0]");
    }

    @Test
    void texts_areClassifiedTaggedScoredAndEmbedded() throws Exception {
        String texts =
                "'inputs': [{'name': 'text', 'shape': [2], 'datatype': 'BYTES', 'data': ['a good film', 'bad']}]";
        JsonNode classes = infer("reviews", "{" + texts + "}").get("outputs");
        assertThat(classes.get(0).get("data").get(0).textValue())
                .isEqualTo(TinyTasks.CLASSIFIER.predict("a good film").label());
        assertThat(classes.get(1).get("shape").toString()).isEqualTo("[2,2]");
        assertThat(infer("places", "{" + texts + "}")
                        .at("/outputs/0/data/0")
                        .textValue()
                        .split(" "))
                .hasSize(3);
        assertThat(infer("stars", "{" + texts + "}").at("/outputs/0/shape").toString())
                .isEqualTo("[2]");
        assertThat(infer("tiny", "{" + texts + "}").at("/outputs/0/shape").toString())
                .isEqualTo("[2,16]");
        String pairs =
                "{'inputs': [{'name': 'text', 'shape': [2], 'datatype': 'BYTES', 'data': ['good', 'bad']}, {'name':"
                        + " 'text_pair', 'shape': [2], 'datatype': 'BYTES', 'data': ['film', 'card']}]}";
        assertThat(infer("same", pairs).at("/outputs/0/data").size()).isEqualTo(2);
        assertThat(infer("relevant", pairs).at("/outputs/0/data").size()).isEqualTo(2);
    }

    @Test
    void pairsBeyondTheLimit_areRefused_whateverTheirTextsAre() throws Exception {
        String texts = "'shape': [513], 'datatype': 'BYTES', 'data': ["
                + IntStream.range(0, 513).mapToObj(i -> "'" + i + "'").collect(Collectors.joining(",")) + "]}";
        Asked.Answer answer = Asked.post(
                uri,
                "/v2/models/relevant/infer",
                "{'inputs': [{'name': 'text', " + texts + ", {'name': 'text_pair', " + texts + "]}");
        assertThat(answer.status()).as(answer.text()).isEqualTo(413);
        assertThat(answer.text()).contains("expected at most 512");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "none|{'inputs': []}|404|none",
                "linear|{}|400|inputs",
                "linear|{'inputs': []}|400|inputs",
                "linear|{'inputs': [{'name': 'x', 'shape': [1, 2], 'datatype': 'FP32', 'data': [1]}]}|400|has 1 elements",
                "linear|{'inputs': [{'name': 'x', 'shape': [1, 2], 'datatype': 'FP16', 'data': [1, 2]}]}|400|FP16",
                "linear|{'inputs': [{'name': 'x', 'shape': [1, 2], 'datatype': 'FP32', 'data': [1, 'a']}]}|400|expected numbers",
                "linear|{'inputs': [{'name': 'x', 'shape': [1, 2], 'datatype': 'INT8', 'data': [1, 200]}]}|400|200",
                "linear|{'inputs': [{'name': 'x', 'shape': [1, 3], 'datatype': 'FP32', 'data': [1, 2, 3]}]}|400|x",
                "linear|{'inputs': [{'name': 'z', 'shape': [1, 2], 'datatype': 'FP32', 'data': [1, 2]}]}|400|z",
                "linear|{'inputs': [{'name': 'x', 'shape': [0, 2], 'datatype': 'FP32', 'data': []}]}|400|shape",
                "linear|{'inputs': [{'name': 'x', 'shape': [1, 2], 'datatype': 'FP32', 'data': [1, 2]}], 'outputs': [{'name': 'q'}]}|400|q",
                "reviews|{'inputs': [{'name': 'text', 'shape': [1], 'datatype': 'FP32', 'data': [1]}]}|400|BYTES",
                "same|{'inputs': [{'name': 'text', 'shape': [1], 'datatype': 'BYTES', 'data': ['a']}]}|400|text_pair"
            })
    void request_thatIsWrong_isSaid(String model, String body, int status, String words) throws Exception {
        Asked.Answer answer = Asked.post(uri, "/v2/models/" + model + "/infer", body);
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.json().get("error").textValue()).contains(words);
        assertThat(List.of(answer.json().fieldNames().next())).containsExactly("error");
    }
}
