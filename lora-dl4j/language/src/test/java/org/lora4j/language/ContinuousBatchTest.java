/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.language.decode.DecodeSession;
import org.lora4j.internal.language.decode.ModuleUpdates;
import org.lora4j.internal.language.sampling.Candidates;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Steps that fail in the middle: what was in them fails, each text by itself, and the rest goes on. */
@Timeout(120)
class ContinuousBatchTest {

    private static final GenerationConfig CONFIG =
            GenerationConfig.builder().maxNewTokens(30).eosTokenIds().build();
    private static final String LATE = "model.layers.4.mlp.down_proj";

    private final ServedModel stories = new ServedModel("stories260k");
    private final Map<String, Adapter> adapters = new HashMap<>();
    private final Object lock = new Object();
    private final int openBefore = DecodeSession.openSessions();
    private AdapterShelf shelf;
    private ContinuousBatch batch;
    private Thread thread;
    private long requests;

    /** What the last layer throws with an adapter of this number, every time. */
    private final Map<Integer, Supplier<Throwable>> fails = new ConcurrentHashMap<>();
    /** A module that fails with an adapter of this number, the first time. */
    private final Map<Integer, String> failsOnce = new ConcurrentHashMap<>();

    /** The adapters' updates, but for failures. */
    private ModuleUpdates failing() {
        return new ModuleUpdates() {
            @Override
            public List<LowRank> lowRank(int adapter, String module) {
                if (module.equals(failsOnce.get(adapter))) {
                    failsOnce.remove(adapter);
                    throw new IllegalStateException("this once");
                }
                if (module.equals(LATE) && fails.containsKey(adapter)) {
                    ContinuousBatchTest.<RuntimeException>raise(
                            fails.get(adapter).get());
                }
                return shelf.lowRank(adapter, module);
            }

            @Override
            public Optional<INDArray> replaced(int adapter, String tensor) {
                return shelf.replaced(adapter, tensor);
            }
        };
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void raise(Throwable failure) throws T {
        throw (T) failure;
    }

    @BeforeEach
    void start() {
        shelf = new AdapterShelf(stories.model, TrustPolicy.usual(), Long.MAX_VALUE, lock, Runnable::run);
        DecodeSession session = new DecodeSession(stories.model.decoding(), failing());
        session.prepare(24, 8);
        batch = new ContinuousBatch(session, shelf, lock, 8, 16, 1 << 24, session.bytes());
        for (int i = 0; i < 5; i++) {
            Adapter adapter = stories.random(ServedModel.lora(2, "q_proj", "down_proj"), i, 0.3);
            adapters.put("a" + i, adapter);
            shelf.put("a" + i, Optional.empty(), adapter, false);
        }
        thread = new Thread(batch);
    }

    @AfterEach
    void close() throws InterruptedException {
        synchronized (lock) {
            batch.close();
        }
        thread.join();
        assertThat(DecodeSession.openSessions()).isEqualTo(openBefore);
    }

    private static int[] prompt(int length) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = i == 0 ? 1 : 261 + 7 * i % 200;
        }
        return ids;
    }

    private LmRequest submit(String adapter, int length, TokenListener listener) {
        synchronized (lock) {
            LmRequest request = new LmRequest(requests, adapter, 1, () -> {});
            CausalLm.Text text = stories.model
                    .texts(List.of(prompt(length)), CONFIG, new Candidates())
                    .get(0);
            batch.add(List.of(new ServerText(request, 0, requests++, text, 100, listener)));
            return request;
        }
    }

    private void assertText(LmRequest request, int length) {
        stories.assertText(adapters.get(request.adapter()), prompt(length), CONFIG, request.result());
    }

    /** A text, and one more that begins in its middle. */
    private LmRequest[] oneInTheMiddleOf(String running, String late) {
        LmRequest[] both = new LmRequest[2];
        int[] heard = {0};
        both[0] = submit(running, 40, token -> {
            if (++heard[0] == 7) {
                both[1] = submit(late, 3, next -> true);
            }
            return true;
        });
        thread.start();
        both[0].result();
        return both;
    }

    @Test
    void stepThatFailsOnce_isDoneAgain_andAllGetTheirTexts() {
        // Behind the last layer all keys and values are written; behind the head, tokens count as computed, too.
        failsOnce.putAll(Map.of(1, "model.layers.0.self_attn.q_proj", 2, LATE, 3, "lm_head"));
        List<LmRequest> late = new ArrayList<>();
        int[] heard = {0};
        LmRequest first = submit("a0", 40, token -> {
            heard[0]++;
            if (heard[0] % 7 == 0 && late.size() < 3) {
                late.add(submit("a" + (1 + late.size()), 3 + late.size(), next -> true));
            }
            return true;
        });
        LmRequest base = submit(CausalLmServer.BASE, 9, token -> true);
        thread.start();

        assertText(first, 40);
        assertText(base, 9);
        for (int i = 0; i < 3; i++) {
            assertText(late.get(i), 3 + i);
        }
        assertThat(failsOnce).as("failures that did not happen").isEmpty();
        assertThat(batch.metrics().failed()).isZero();
        assertThat(batch.metrics().finished()).isEqualTo(5);
    }

    @Test
    void textThatNoStepCanCompute_failsAlone() {
        fails.put(1, () -> new IllegalStateException("broken adapter"));

        LmRequest[] both = oneInTheMiddleOf("a0", "a1");

        assertText(both[0], 40);
        assertThatThrownBy(both[1]::result)
                .isInstanceOf(GenerationException.class)
                .hasMessageStartingWith("request 1 for adapter \"a1\": ")
                .hasMessageEndingWith("broken adapter. Other requests go on.");
        LmRequest again = submit("a1", 5, token -> true);
        LmRequest other = submit("a2", 5, token -> true);
        assertThatThrownBy(again::result).isInstanceOf(GenerationException.class);
        assertText(other, 5);
        assertThat(batch.metrics().failed()).isEqualTo(2);
        assertThat(batch.metrics().running()).isZero();
    }

    @Test
    void memoryThatRunsOut_failsWhatNeedsIt_andTheRestGoesOn() {
        fails.put(1, () -> new OutOfMemoryError("of the test"));

        LmRequest[] both = oneInTheMiddleOf("a0", "a1");

        assertText(both[0], 40);
        assertThatThrownBy(both[1]::result)
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("expected a text that fits");
    }

    @Test
    void stepInWhichAllFail_endsThemOnly_andLaterOnesAreMade() {
        List<LmRequest> bad = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            fails.put(i, () -> new IllegalStateException("no luck"));
            bad.add(submit("a" + i, 4 + i, token -> true));
        }
        thread.start();

        bad.forEach(request -> assertThatThrownBy(request::result).hasMessageContaining("no luck"));
        assertText(submit("a3", 12, token -> true), 12);
        fails.clear();
        assertText(submit("a0", 12, token -> true), 12);
        assertThat(batch.metrics().failed()).isEqualTo(3);
        assertThat(batch.metrics().finished()).isEqualTo(2);
    }

    @Test
    void errorOfTheVirtualMachine_endsTheServer_andEveryRequestHearsOfIt() throws InterruptedException {
        fails.put(1, () -> new LinkageError("gone"));
        LmRequest first = submit("a0", 30, token -> true);
        LmRequest second = submit("a1", 5, token -> true);
        thread.start();
        thread.join();

        for (LmRequest request : List.of(first, second)) {
            assertThatThrownBy(request::result)
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining("the server failed (java.lang.LinkageError: gone)");
        }
        synchronized (lock) {
            assertThat(batch.broken()).isInstanceOf(LinkageError.class);
        }
    }
}
