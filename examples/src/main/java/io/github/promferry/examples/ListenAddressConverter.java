package io.github.promferry.examples;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** An address to listen on: {@code PORT} and {@code :PORT} mean loopback; {@code HOST:PORT}, {@code [IPV6]:PORT}. */
final class ListenAddressConverter implements ITypeConverter<InetSocketAddress> {
    private static final int MAX_PORT = 65535;

    @Override
    public InetSocketAddress convert(String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        boolean bareIpv6 = host.indexOf(':') >= 0 && !(host.startsWith("[") && host.endsWith("]"));
        String port = text.substring(colon + 1);
        if (bareIpv6 || !port.matches("\\d{1,5}") || Integer.parseInt(port) > MAX_PORT) {
            throw new TypeConversionException(
                    "'" + text + "' is not an address to listen on: write PORT, HOST:PORT or [IPV6]:PORT");
        }
        try {
            InetAddress address = host.isEmpty() ? InetAddress.getLoopbackAddress() : InetAddress.getByName(host);
            return new InetSocketAddress(address, Integer.parseInt(port));
        } catch (UnknownHostException e) {
            throw new TypeConversionException("'" + text + "': there is no host \"" + host + "\"");
        }
    }
}
