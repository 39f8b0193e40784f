package wire

import (
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// fromSetting returns the message of the value of an attribute that is evaluated once.
func fromSetting(a plugins.Attr, v any) (*pb.Setting, error) {
	p := &pb.Setting{Name: a.Name}
	ok := false
	switch a.Type {
	case plugins.AttrString, plugins.AttrFile:
		var x string
		x, ok = v.(string)
		p.Value = &pb.Setting_String_{String_: x}
	case plugins.AttrInt, plugins.AttrSize:
		var x int64
		x, ok = v.(int64)
		p.Value = &pb.Setting_Int{Int: x}
	case plugins.AttrFloat:
		var x float64
		x, ok = v.(float64)
		p.Value = &pb.Setting_Float{Float: x}
	case plugins.AttrBool:
		var x bool
		x, ok = v.(bool)
		p.Value = &pb.Setting_Bool{Bool: x}
	case plugins.AttrDuration:
		var x time.Duration
		x, ok = v.(time.Duration)
		p.Value = &pb.Setting_Duration{Duration: int64(x)}
	case plugins.AttrStrings:
		var x []string
		x, ok = v.([]string)
		p.Value = &pb.Setting_Strings{Strings: &pb.Strings{Values: x}}
	case plugins.AttrStringMap:
		var x map[string]string
		x, ok = v.(map[string]string)
		p.Value = &pb.Setting_StringMap{StringMap: &pb.StringMap{Values: x}}
	case plugins.AttrValue:
		var x plugins.Value
		x, ok = v.(plugins.Value)
		p.Value = &pb.Setting_Any{Any: FromValue(x)}
	case plugins.AttrSecret:
		var x plugins.Secret
		x, ok = v.(plugins.Secret)
		p.Value = &pb.Setting_Secret{Secret: []byte(x.Reveal())}
	}
	if !ok {
		return nil, fmt.Errorf("a value of Go type %T is none of type %q", v, a.Type)
	}
	return p, nil
}

// toSetting returns the value of an attribute, of the type that its getter returns.
func toSetting(a plugins.Attr, p *pb.Setting) (any, error) {
	switch v := p.GetValue().(type) {
	case *pb.Setting_String_:
		if a.Type == plugins.AttrString || a.Type == plugins.AttrFile {
			return v.String_, nil
		}
	case *pb.Setting_Int:
		if a.Type == plugins.AttrInt || a.Type == plugins.AttrSize {
			return v.Int, nil
		}
	case *pb.Setting_Float:
		if a.Type == plugins.AttrFloat {
			if msg := wrongNumber(v.Float); msg != "" {
				return nil, fmt.Errorf("the value %s", msg)
			}
			return v.Float, nil
		}
	case *pb.Setting_Bool:
		if a.Type == plugins.AttrBool {
			return v.Bool, nil
		}
	case *pb.Setting_Duration:
		if a.Type == plugins.AttrDuration {
			return time.Duration(v.Duration), nil
		}
	case *pb.Setting_Strings:
		if a.Type == plugins.AttrStrings {
			return append([]string{}, v.Strings.GetValues()...), nil
		}
	case *pb.Setting_StringMap:
		if a.Type == plugins.AttrStringMap {
			m := v.StringMap.GetValues()
			if m == nil {
				m = map[string]string{}
			}
			return m, nil
		}
	case *pb.Setting_Any:
		if a.Type == plugins.AttrValue && v.Any != nil {
			return ToValue(v.Any)
		}
	case *pb.Setting_Secret:
		if a.Type == plugins.AttrSecret {
			return plugins.NewSecret(string(v.Secret)), nil
		}
	case *pb.Setting_Expression:
		if a.Type == plugins.AttrExpr {
			return toExpr(v.Expression)
		}
	case *pb.Setting_Expressions:
		if a.Type == plugins.AttrExprMap {
			return toExprs(v.Expressions)
		}
	}
	return nil, fmt.Errorf("the message has no value of type %q", a.Type)
}
