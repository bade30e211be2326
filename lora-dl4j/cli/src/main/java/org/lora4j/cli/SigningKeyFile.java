/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.file.RegularFile;

/** A private key in PEM, with the public one that belongs to it. */
final class SigningKeyFile {

    private static final int MOST_BYTES = 1 << 16;
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final BigInteger THREE = BigInteger.valueOf(3);

    private SigningKeyFile() {}

    static KeyPair read(Path file) throws IOException {
        String text = new String(
                RegularFile.bytes(file, "a private key", MOST_BYTES, AdapterFormatException::new),
                StandardCharsets.ISO_8859_1);
        Matcher pem = PEM.matcher(text);
        if (!pem.find()) {
            throw CliException.input(
                    MessageText.path(file) + " has no private key in PEM; expected BEGIN PRIVATE KEY. " + advice(text));
        }
        try {
            KeyFactory factory = KeyFactory.getInstance("EC");
            byte[] der = Base64.getMimeDecoder().decode(pem.group(1));
            ECPrivateKey key = (ECPrivateKey) factory.generatePrivate(new PKCS8EncodedKeySpec(der));
            ECParameterSpec curve = key.getParams();
            return new KeyPair(
                    factory.generatePublic(new ECPublicKeySpec(times(key.getS(), curve.getGenerator(), curve), curve)),
                    key);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new CliException(
                    ExitCode.INPUT,
                    MessageText.path(file) + " has no private key on P-256, P-384 or P-521. Make one: openssl genpkey"
                            + " -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem",
                    e);
        }
    }

    private static String advice(String text) {
        if (text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")) {
            return "It is encrypted: openssl pkey -in key.pem -out private.pem takes the password away";
        }
        if (text.contains("BEGIN EC PRIVATE KEY")) {
            return "It is in an older form: openssl pkcs8 -topk8 -nocrypt -in key.pem -out private.pem";
        }
        return text.contains("BEGIN PUBLIC KEY")
                ? "It is a public key, which verifies and does not sign"
                : "Make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem";
    }

    /** The Java platform does not tell the public key of a private one: by doubling and adding points of the curve. */
    private static ECPoint times(BigInteger factor, ECPoint point, ECParameterSpec curve) {
        ECPoint sum = ECPoint.POINT_INFINITY;
        for (int bit = factor.bitLength() - 1; bit >= 0; bit--) {
            sum = plus(sum, sum, curve);
            if (factor.testBit(bit)) {
                sum = plus(sum, point, curve);
            }
        }
        return sum;
    }

    private static ECPoint plus(ECPoint one, ECPoint other, ECParameterSpec curve) {
        if (one.equals(ECPoint.POINT_INFINITY)) {
            return other;
        }
        if (other.equals(ECPoint.POINT_INFINITY)) {
            return one;
        }
        BigInteger p = ((ECFieldFp) curve.getCurve().getField()).getP();
        BigInteger x = one.getAffineX();
        BigInteger y = one.getAffineY();
        BigInteger slope;
        if (!x.equals(other.getAffineX())) {
            slope = other.getAffineY()
                    .subtract(y)
                    .multiply(other.getAffineX().subtract(x).modInverse(p));
        } else if (y.equals(other.getAffineY()) && y.signum() != 0) {
            slope = THREE.multiply(x.multiply(x))
                    .add(curve.getCurve().getA())
                    .multiply(y.shiftLeft(1).modInverse(p));
        } else {
            return ECPoint.POINT_INFINITY;
        }
        BigInteger sumX =
                slope.multiply(slope).subtract(x).subtract(other.getAffineX()).mod(p);
        BigInteger sumY = slope.multiply(x.subtract(sumX)).subtract(y).mod(p);
        return new ECPoint(sumX, sumY);
    }
}
