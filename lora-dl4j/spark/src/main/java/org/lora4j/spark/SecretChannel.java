/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A connection between two workers who know the same secret. Both prove it by answering a challenge, so that the secret itself never
 * travels here; each message has a code that only they can make, with its number, so that none can be changed, left out or sent again.
 * Messages are bounded before memory is taken, and waiting ends by the time-out of the socket.
 *
 * <p>The content is not encrypted.
 */
final class SecretChannel implements AutoCloseable {

    private static final String ALGORITHM = "HmacSHA256";
    private static final int CODE = 32;
    private static final int MAGIC = 0x6C346A31;
    /** So much of a message is sent while the code of the next piece is computed. */
    private static final int PIECE = 1 << 16;
    /** So much memory is taken for a message before more of it is there. */
    private static final int FIRST = 1 << 20;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final int most;
    private byte[] key;
    private long sent;
    private long received;
    private final boolean server;

    private SecretChannel(Socket socket, boolean server, int most) throws IOException {
        this.socket = socket;
        this.server = server;
        this.most = most;
        socket.setTcpNoDelay(true);
        this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        this.out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
    }

    /** A channel, and who is at its other end. */
    record Accepted(SecretChannel channel, int worker) {}

    /**
     * Takes a connection.
     *
     * @param most how many bytes a message has at most
     * @throws IOException if the other side does not know the secret
     */
    static Accepted accept(Socket socket, byte[] secret, int most) throws IOException {
        SecretChannel channel = new SecretChannel(socket, true, most);
        byte[] own = challenge();
        channel.out.writeInt(MAGIC);
        channel.out.write(own);
        channel.out.flush();
        channel.requireMagic();
        int worker = channel.in.readInt();
        byte[] theirs = channel.in.readNBytes(CODE);
        byte[] proof = channel.in.readNBytes(CODE);
        channel.require(proof, code(secret, "client", own, theirs, number(worker)));
        channel.out.write(code(secret, "server", own, theirs, number(worker)));
        channel.out.flush();
        channel.key = code(secret, "session", own, theirs, number(worker));
        return new Accepted(channel, worker);
    }

    /**
     * Makes a connection.
     *
     * @param worker who this is
     * @param most how many bytes a message has at most
     * @throws IOException if the other side does not know the secret
     */
    static SecretChannel connect(Socket socket, byte[] secret, int worker, int most) throws IOException {
        SecretChannel channel = new SecretChannel(socket, false, most);
        channel.requireMagic();
        byte[] theirs = channel.in.readNBytes(CODE);
        byte[] own = challenge();
        channel.out.writeInt(MAGIC);
        channel.out.writeInt(worker);
        channel.out.write(own);
        channel.out.write(code(secret, "client", theirs, own, number(worker)));
        channel.out.flush();
        channel.require(channel.in.readNBytes(CODE), code(secret, "server", theirs, own, number(worker)));
        channel.key = code(secret, "session", theirs, own, number(worker));
        return channel;
    }

    private void requireMagic() throws IOException {
        int found = in.readInt();
        if (found != MAGIC) {
            throw new IOException("the other side of " + socket.getRemoteSocketAddress()
                    + " does not speak as a worker does; expected one of the same version");
        }
    }

    private void require(byte[] found, byte[] expected) throws IOException {
        // In a time that does not tell how much of it was right.
        if (!MessageDigest.isEqual(found, expected)) {
            close();
            throw new IOException("the other side of " + socket.getRemoteSocketAddress()
                    + " does not know the secret of this training, or changed a message; expected a worker of it");
        }
    }

    private static byte[] challenge() {
        byte[] challenge = new byte[CODE];
        new SecureRandom().nextBytes(challenge);
        return challenge;
    }

    private static byte[] number(long value) {
        return ByteBuffer.allocate(Long.BYTES).putLong(0, value).array();
    }

    /** A code over some content, which only who knows the key can make. */
    static byte[] code(byte[] key, String purpose, byte[]... content) {
        Mac mac = mac(key, purpose);
        for (byte[] part : content) {
            mac.update(part);
        }
        return mac.doFinal();
    }

    private static Mac mac(byte[] key, String purpose) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            mac.update(purpose.getBytes(StandardCharsets.UTF_8));
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(ALGORITHM + " is not there; every Java platform must have it", e);
        }
    }

    /** The code of message {@code number} of one side. */
    private Mac mac(boolean fromServer, long number) {
        Mac mac = mac(key, fromServer ? "from server" : "from client");
        mac.update(number(number));
        return mac;
    }

    /** Sends a message. */
    void send(byte[] message) throws IOException {
        send(List.of(message));
    }

    /** Sends a message that lies in several arrays. Both sides compute its code while it travels. */
    void send(List<byte[]> message) throws IOException {
        long length = message.stream().mapToLong(part -> part.length).sum();
        if (length > most) {
            throw new IOException("a message of " + length + " bytes; expected at most " + most);
        }
        Mac mac = mac(server, sent++);
        out.writeInt((int) length);
        for (byte[] part : message) {
            for (int from = 0; from < part.length; from += PIECE) {
                int count = Math.min(PIECE, part.length - from);
                out.write(part, from, count);
                mac.update(part, from, count);
            }
        }
        out.write(mac.doFinal());
        out.flush();
    }

    /** Waits for a message. */
    byte[] receive() throws IOException {
        int length = in.readInt();
        if (length < 0 || length > most) {
            close();
            throw new IOException("a message of " + length + " bytes is announced; expected at most " + most);
        }
        Mac mac = mac(!server, received++);
        byte[] message = new byte[Math.min(length, FIRST)];
        int there = 0;
        while (there < length) {
            if (there == message.length) {
                message = Arrays.copyOf(message, (int) Math.min(length, 2L * there));
            }
            int count = in.readNBytes(message, there, Math.min(PIECE, message.length - there));
            if (count == 0) {
                throw new IOException("the other side ended within a message; expected " + length + " bytes");
            }
            mac.update(message, there, count);
            there += count;
        }
        require(in.readNBytes(CODE), mac.doFinal());
        return message;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
