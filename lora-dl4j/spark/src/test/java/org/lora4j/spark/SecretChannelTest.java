/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lora4j.spark.WorkerExchange.Meeting;

class SecretChannelTest {

    private static final int MOST = 1000;
    private static final byte[] SECRET = {1, 2, 3, 4};

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    private record Pair(Socket server, Socket client) {

        static Pair open() throws IOException {
            try (ServerSocket meeting = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Socket client = new Socket(InetAddress.getLoopbackAddress(), meeting.getLocalPort());
                Socket server = meeting.accept();
                client.setSoTimeout(2000);
                server.setSoTimeout(2000);
                return new Pair(server, client);
            }
        }
    }

    @Test
    void messages_goBothWays_betweenThoseWhoKnowTheSecret() throws Exception {
        Pair pair = Pair.open();
        Future<SecretChannel> client = threads.submit(() -> SecretChannel.connect(pair.client(), SECRET, 3, MOST));
        SecretChannel.Accepted accepted = SecretChannel.accept(pair.server(), SECRET, MOST);

        assertThat(accepted.worker()).isEqualTo(3);
        client.get().send(new byte[] {5, 6});
        client.get().send(new byte[0]);
        assertThat(accepted.channel().receive()).containsExactly(5, 6);
        assertThat(accepted.channel().receive()).isEmpty();
        accepted.channel().send(new byte[MOST]);
        assertThat(client.get().receive()).hasSize(MOST);
        assertThatThrownBy(() -> accepted.channel().send(new byte[MOST + 1])).hasMessageContaining("at most 1000");
    }

    @Test
    void longMessages_inSeveralArrays_arriveAsOne_andAreRefusedIfTheyEndEarly() throws Exception {
        int most = 8 << 20;
        byte[] all = new byte[5_000_001];
        new Random(1).nextBytes(all);
        Pair pair = Pair.open();
        Future<SecretChannel> client = threads.submit(() -> SecretChannel.connect(pair.client(), SECRET, 1, most));
        SecretChannel server = SecretChannel.accept(pair.server(), SECRET, most).channel();

        List<byte[]> arrays = List.of(
                Arrays.copyOf(all, 3),
                new byte[0],
                Arrays.copyOfRange(all, 3, 4_000_000),
                Arrays.copyOfRange(all, 4_000_000, all.length));
        Future<?> sent = threads.submit(() -> {
            client.get().send(arrays);
            return null;
        });
        assertThat(server.receive()).isEqualTo(all);
        sent.get();

        new DataOutputStream(pair.client().getOutputStream()).writeInt(all.length);
        pair.client().getOutputStream().write(all, 0, 70_000);
        pair.client().close();
        assertThatThrownBy(server::receive)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ended within a message; expected 5000001 bytes");
    }

    @Test
    void whoDoesNotKnowTheSecret_isRefusedByBothSides() throws Exception {
        Pair pair = Pair.open();
        Future<SecretChannel> client =
                threads.submit(() -> SecretChannel.connect(pair.client(), new byte[] {9}, 1, MOST));

        assertThatThrownBy(() -> SecretChannel.accept(pair.server(), SECRET, MOST))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("does not know the secret");
        assertThatThrownBy(client::get).hasCauseInstanceOf(IOException.class);
    }

    @Test
    void messagesThatWereChanged_orAreTooLong_areRefused_beforeMemoryIsTaken() throws Exception {
        for (int length : new int[] {2, Integer.MAX_VALUE, -1}) {
            Pair pair = Pair.open();
            Future<SecretChannel> client = threads.submit(() -> SecretChannel.connect(pair.client(), SECRET, 1, MOST));
            SecretChannel server =
                    SecretChannel.accept(pair.server(), SECRET, MOST).channel();
            client.get();
            DataOutputStream raw = new DataOutputStream(pair.client().getOutputStream());
            raw.writeInt(length);
            raw.write(new byte[2 + 32]);
            raw.flush();

            assertThatThrownBy(server::receive)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(length == 2 ? "changed a message" : "expected at most 1000");
        }
    }

    @Test
    void whoSaysNothing_isNotWaitedForForever() throws Exception {
        Pair pair = Pair.open();
        pair.server().setSoTimeout(100);

        assertThatThrownBy(() -> SecretChannel.accept(pair.server(), SECRET, MOST))
                .isInstanceOf(IOException.class);
    }

    @Test
    void workers_getWhatAllGave_inTheirOrder_alsoWithAStrangerAtTheDoor() throws Exception {
        int workers = 3;
        CompletableFuture<String> address = new CompletableFuture<>();
        List<Future<List<byte[]>>> results = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            int worker = i;
            results.add(threads.submit(() -> {
                Meeting meeting = Meeting.open(worker, "127.0.0.1", 20);
                if (worker == 0) {
                    address.complete(meeting.address());
                }
                try (WorkerExchange exchange = WorkerExchange.of(worker, workers, meeting, address.get(), SECRET, 20)) {
                    exchange.exchange(new byte[] {1});
                    return exchange.exchange(new byte[] {(byte) worker, 7});
                }
            }));
        }
        String[] at = address.get().split(":");
        try (Socket stranger = new Socket(at[0], Integer.parseInt(at[1]))) {
            new DataOutputStream(stranger.getOutputStream()).writeUTF("GET / HTTP/1.1");
            new DataInputStream(stranger.getInputStream()).readInt();
        } catch (IOException e) {
            // All workers may have come before.
            assertThat(e).hasMessageNotContaining("secret");
        }

        for (Future<List<byte[]>> result : results) {
            assertThat(result.get()).containsExactly(new byte[] {0, 7}, new byte[] {1, 7}, new byte[] {2, 7});
        }
    }

    @Test
    void workerThatIsGone_failsTheOthersAtOnce() throws Exception {
        CompletableFuture<String> address = new CompletableFuture<>();
        Future<List<byte[]>> first = threads.submit(() -> {
            Meeting meeting = Meeting.open(0, "127.0.0.1", 20);
            address.complete(meeting.address());
            try (WorkerExchange exchange = WorkerExchange.of(0, 2, meeting, meeting.address(), SECRET, 20)) {
                return exchange.exchange(new byte[1]);
            }
        });
        WorkerExchange.of(1, 2, new Meeting(null, ""), address.get(), SECRET, 20)
                .close();

        assertThatThrownBy(first::get)
                .hasRootCauseInstanceOf(IOException.class)
                .hasStackTraceContaining("the exchange with the other workers failed");
    }

    @Test
    void workerThatTakesNothing_doesNotHoldUpTheOthersForEver() throws Exception {
        CompletableFuture<String> address = new CompletableFuture<>();
        Future<WorkerExchange> frozen = threads.submit(() -> {
            Meeting meeting = Meeting.open(0, "127.0.0.1", 2);
            address.complete(meeting.address());
            return WorkerExchange.of(0, 2, meeting, meeting.address(), SECRET, 2);
        });

        try (WorkerExchange exchange = WorkerExchange.of(1, 2, new Meeting(null, ""), address.get(), SECRET, 1);
                WorkerExchange other = frozen.get()) {
            assertThat(other.workers()).isEqualTo(2);
            // More than what the system keeps for who reads later.
            assertThatThrownBy(() -> exchange.exchange(new byte[64 << 20]))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("the exchange with the other workers failed");
        }
    }
}
